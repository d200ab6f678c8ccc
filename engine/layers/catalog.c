/* The three catalogs of this folder, out of their lists. */
#include "layers/layer.h"

#define LAYER(name) extern const layer_class layer_##name;
#include "layers/catalog.def"
#undef LAYER
#define ACTIVATION(name) extern const activation_class activation_##name;
#include "layers/activations.def"
#undef ACTIVATION
#define INITIALIZER(name) extern const initializer_class initializer_##name;
#include "layers/initializers.def"
#undef INITIALIZER

#define LAYER(name) &layer_##name.row,
const moth_row *const layer_catalog[] = {
#include "layers/catalog.def"
};

#define ACTIVATION(name) &activation_##name.row,
const moth_row *const activation_catalog[] = {
#include "layers/activations.def"
};

#define INITIALIZER(name) &initializer_##name.row,
const moth_row *const initializer_catalog[] = {
#include "layers/initializers.def"
};
