/* formats/formats.h: bytes to tensors and back. Each reads and writes through core/stream.h and rejects what it does not fully
 * understand, naming the byte or the cell. */
#ifndef FORMATS_FORMATS_H
#define FORMATS_FORMATS_H

#include "core/stream.h"
#include "tensor/tensor.h"

/* ---- IDX (LeCun's MNIST pages): big-endian, types u8 i8 i16 i32 f32 f64; widened as API.md says ------------------------------- */
moth_status idx_read(stream *from, moth_tensor **t);

/* ---- CSV (RFC 4180, any delimiter, CR, LF or CRLF): cells as text, then columns as numbers or words --------------------------- */
typedef struct csv_cell { int64_t offset; int32_t length; bool quoted; } csv_cell; /* into csv_table.bytes, each ended by a 0 byte */
typedef struct csv_table {
  moth *m;
  char *bytes; int64_t byte_count, byte_capacity;
  csv_cell *cells; int64_t cell_count, cell_capacity; /* row-major */
  int64_t rows, columns;
  int64_t *lines; int64_t line_capacity;              /* the file's line a row began on, from 1 */
} csv_table;
/* Reads all rows after `skip` lines; blank lines are passed over. Ragged rows fail: "csv: wine.csv line 2 has 14 fields, line 1 has 5"
 * with the hint about { skip = 1 }; an unclosed quote names its line. */
moth_status csv_read(stream *from, char delimiter, int64_t skip, csv_table *table);
void csv_free(csv_table *table);

/* ---- safetensors: 8 bytes header length, JSON, values ------------------------------------------------------------------------- */
typedef struct safetensors_entry {
  const char *name;
  moth_dtype dtype;
  int rank;
  int64_t size[MOTH_MAX_RANK];
  const moth_tensor *values;     /* writing: any strides */
} safetensors_entry;
typedef struct safetensors_file { /* reading: everything checked: offsets in order, no gaps or overlaps, sizes as dtypes and shapes say */
  moth *m;
  int count;
  char **names;
  moth_tensor **tensors;
  int metadata_count;
  char **keys, **texts;          /* __metadata__ */
} safetensors_file;
moth_status safetensors_write(stream *to, const safetensors_entry *entries, int count, const char *const *metadata_keys,
                              const char *const *metadata_texts, int metadata_count);
moth_status safetensors_read(stream *from, safetensors_file *file);
void safetensors_free(safetensors_file *file);
const char *safetensors_metadata(const safetensors_file *file, const char *key); /* NULL: absent */
moth_tensor *safetensors_tensor(const safetensors_file *file, const char *name); /* borrowed; NULL: absent */

#endif
