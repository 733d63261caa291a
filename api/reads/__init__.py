"""The read engine: from a document to the bytes of its answer, without a resolver, a loader or an object per row.

Theory of operation, in the order in which a request meets it:

    engine      the door: prepare (once per text), execute, subscribe
    document    parse, measure, validate; once per document, whatever its callers
    variables   coerced fast where they are plainly right, by graphql-core everywhere else
    select      what a selection asks of one concrete type: fragments unfolded, fields merged, conditions applied
    planner     selections -> plan, once per operation, outcome of its conditions and kind of viewer
    plan        what a plan is made of: rows (columns, joins, what is read next) and values
    statement   rows and the shape of a page -> one SQL text; tenant and viewer's party always parameters
    cursors     where a list goes on
    share       concurrent reads by id -> one statement
    run         statement after statement; what was found is kept in slots
    assemble    generated code: rows -> response, as long as nothing is amiss
    complete    the same response with care: errors, their paths, nulls carried up
    inputs      coerced arguments -> instances of Strawberry inputs
    mutate      one operation in one unit of work, then its payload is read like anything else
    introspect  graphql-core answers about the schema itself

Laws. Only what a view declares (`storage/views/`) can be planned, and every row is read under the view's predicate for
the viewer's kind; there is no other way to a row. A root is one statement with its to-one relations joined in; a
to-many relation is one more for all parents together; a thing named by a computed value is read in batches by type.
What cannot be planned is a bug, never a slower way. `tests/engine/` holds the engine against graphql-core with one
SELECT per object.
"""
