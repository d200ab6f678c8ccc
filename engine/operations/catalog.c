#include "operations/operation.h"

#define OPERATION(name) extern const operation_class operation_##name;
#include "operations/catalog.def"
#undef OPERATION

#define OPERATION(name) &operation_##name.row,
const moth_operation *const operation_catalog[] = {
#include "operations/catalog.def"
};
#undef OPERATION

const int operation_catalog_count = (int)(sizeof operation_catalog / sizeof *operation_catalog);
