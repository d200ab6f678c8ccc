/* catalog.h: lists of const rows. Each folder's catalog.def makes one; engine/moth.c gathers them; hosts add to them in a context. */
#ifndef CORE_CATALOG_H
#define CORE_CATALOG_H

#include "core/context.h"

typedef struct catalog { const moth_row *const *rows; int count; } catalog;
typedef struct catalogs { catalog of[MOTH_PART_KINDS]; const moth_operation *const *operations; int operation_count; } catalogs;

/* The row at a position, built-in rows first; NULL past the end. */
const moth_row *catalog_at(const moth *m, moth_part_kind kind, int index);
const moth_row *catalog_find(const moth *m, moth_part_kind kind, const char *name);
/* Adds a host's row; MOTH_OPTION where the name is taken or not an identifier. The row must live as long as the context. */
moth_status catalog_register(moth *m, moth_part_kind kind, const moth_row *row);

#endif
