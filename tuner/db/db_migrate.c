/* Older schemas. Migrations are one file a version, so that every earlier one has a way here; a version may
 * also have another rule for winners. */
#include "db_private.h"

#include "../../kernels/status.h"

extern const char hone_embedded_migrate_1_sql[];
extern const char hone_embedded_migrate_2_sql[];
extern const char hone_embedded_migrate_3_sql[];

/* By the version they start from. */
static const char *const migrations[HONE_DB_SCHEMA] = {
    [1] = hone_embedded_migrate_1_sql, [2] = hone_embedded_migrate_2_sql, [3] = hone_embedded_migrate_3_sql};

hone_status hone_db_migrate(hone_db *db) {
    if (db->schema == HONE_DB_SCHEMA)
        return HONE_OK;
    for (; db->schema < HONE_DB_SCHEMA; db->schema++)
        DB_TRY(hone_db_execute(db, migrations[db->schema], "bringing the schema up to date"));
    return hone_db_replace_winners(db, 0, 0);
}
