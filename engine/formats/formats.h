/* formats/formats.h: bytes to tensors and back. Each reads and writes through core/stream.h and rejects what it does not fully
 * understand, naming the byte or the cell. */
#ifndef FORMATS_FORMATS_H
#define FORMATS_FORMATS_H

#include "core/stream.h"
#include "tensor/tensor.h"

/* ---- Values ------------------------------------------------------------------------------------------------------------------- */

/* The next `bytes` bytes as u8[bytes]. Where the stream knows its size and it is smaller nothing is allocated; where it does not (gzip),
 * memory grows with what really comes. At an early end *got < bytes and *values is NULL, which is no failure here: the format says it. */
moth_status values_read(stream *from, uint64_t bytes, moth_tensor **values, uint64_t *got);
/* `count` numbers of `width` bytes between the machine's order and the file's. */
void values_swap(void *values, int64_t count, int width);
static inline bool values_are_swapped(bool is_big_endian) { return is_big_endian != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__); }
/* How numbers lie in a file, and what they become. */
typedef enum stored_type {
  STORED_F32, STORED_F64, STORED_I64, STORED_U8, STORED_BOOL,           /* as moth_dtype */
  STORED_I8, STORED_I16, STORED_I32, STORED_U16, STORED_U32, STORED_F16, STORED_BF16, STORED_TYPES
} stored_type;
int stored_width(stored_type type);
moth_dtype stored_dtype(stored_type type); /* small integers -> i64, F16 and BF16 -> f32 */
/* A tensor of these bytes (u8, as values_read gave them; they are swapped in place): the same storage where nothing needs widening. */
moth_status values_tensor(moth *m, const char *where, moth_tensor *bytes, stored_type type, bool is_big_endian, int rank,
                          const int64_t *size, moth_tensor **t);

/* ---- IDX (LeCun's MNIST pages): big-endian, types u8 i8 i16 i32 f32 f64; widened as API.md says ------------------------------- */

/* The whole stream. A header that asks for more or fewer bytes than there are fails: "train-images: header asks for 60000x28x28 = 47040000
 * bytes, the file holds 12345 (cut short?)". */
moth_status idx_read(stream *from, moth_tensor **t);

/* ---- CSV (RFC 4180, any delimiter; CR, LF or CRLF): a row of cells at a time ------------------------------------------------- */

typedef struct csv_cell { int64_t offset, length; bool quoted; } csv_cell;
typedef struct csv_reader {
  moth *m;
  stream *from;
  char delimiter;
  bool ends[256];                                     /* bytes at which a run of an unquoted cell ends */
  char *input; size_t input_at, input_end; bool is_ended;
  char *bytes; int64_t byte_count, byte_capacity;     /* of this row's cells, each ended by a 0 */
  csv_cell *cells; int64_t count, cell_capacity;      /* of this row */
  int64_t columns, rows;                              /* cells of the first row; rows read so far */
  int64_t line, row_line, first_line;                 /* lines of the file from 1: now, where this row began, where the first did */
} csv_reader;
/* Passes over a byte order mark and `skip` lines. csv_close is needed whatever the outcome. */
moth_status csv_open(stream *from, char delimiter, int64_t skip, csv_reader *reader);
/* The next row that is not blank; *more is false past the last. A row of another length fails: "csv: wine.csv line 2 has 14 fields, line 1
 * has 5" with the hint about { skip = 1 }; so do unclosed and stray quotes, with their line. */
moth_status csv_next(csv_reader *reader, bool *more);
void csv_close(csv_reader *reader);
static inline const char *csv_text(const csv_reader *reader, int64_t column) { return reader->bytes + reader->cells[column].offset; }

/* ---- safetensors: 8 bytes header length, JSON, values ------------------------------------------------------------------------- */
enum { SAFETENSORS_MAX_HEADER = 100 << 20 };

typedef struct safetensors_entry {
  const char *name;
  moth_dtype dtype;              /* as values' are, which count */
  int rank;
  int64_t size[MOTH_MAX_RANK];
  const moth_tensor *values;     /* any strides */
} safetensors_entry;
/* What was read, everything checked: no gaps or overlaps, sizes as dtypes and shapes say; in the order of the values. */
typedef struct safetensors_file {
  moth *m;
  int count;
  char **names;
  moth_tensor **tensors;
  int metadata_count;
  char **keys, **texts;          /* __metadata__ */
} safetensors_file;
/* In the order given, without gaps, the header filled up with spaces to a multiple of 8. Names must be UTF-8 and all different. */
moth_status safetensors_write(stream *to, const safetensors_entry *entries, int count, const char *const *metadata_keys,
                              const char *const *metadata_texts, int metadata_count);
/* The whole stream; "load: digits.safetensors: file has 12288 bytes, its header asks for 38760 (cut short?)". Zeroed by the caller or not:
 * on failure nothing is left in *file. */
moth_status safetensors_read(stream *from, safetensors_file *file);
void safetensors_free(safetensors_file *file);
const char *safetensors_metadata(const safetensors_file *file, const char *key); /* NULL: absent */
moth_tensor *safetensors_tensor(const safetensors_file *file, const char *name); /* borrowed; NULL: absent */

#endif
