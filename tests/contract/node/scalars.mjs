// How clients write the schema's own scalars: each travels as a JSON string.

import { buildASTSchema, isScalarType, isSpecifiedScalarType } from "graphql";

export const scalarsOf = (document) =>
  Object.fromEntries(
    Object.values(buildASTSchema(document).getTypeMap())
      .filter((type) => isScalarType(type) && !isSpecifiedScalarType(type))
      .map((type) => [type.name, "string"]),
  );
