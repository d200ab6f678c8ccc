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
const char *stored_name(stored_type type); /* "uint16" */
/* values_read of what is left of the stream, which must be what the shape asks for: "train-images: header asks for 60000x28x28 = 47040000
 * bytes, the file holds 12345 (cut short?)". */
moth_status values_rest(stream *from, stored_type type, int rank, const int64_t *size, moth_tensor **values);
/* Only the check, where the stream knows its size. */
moth_status values_fit(stream *from, stored_type type, int rank, const int64_t *size);
/* A tensor of these bytes (u8, as values_read gave them; they are swapped in place): the same storage where nothing needs widening. */
moth_status values_tensor(moth *m, const char *where, moth_tensor *bytes, stored_type type, bool is_big_endian, int rank,
                          const int64_t *size, moth_tensor **t);
/* The tensor that lies at this byte of a mapped file, read-only; fails where it would have to be changed first, telling why. The label
 * follows the file's name: " 'w'". */
moth_status values_over(stream *from, storage *mapped, const char *label, stored_type type, bool is_big_endian, uint64_t at, int rank,
                        const int64_t *size, moth_tensor **t);
/* The first of the bytes of flags that is neither 0 nor 1; -1: none. */
int64_t values_misfit(const void *bytes, int64_t count);
/* All elements in row-major order, little-endian. */
moth_status values_write(stream *to, const moth_tensor *values);

/* ---- Named tensors, as files hold them ---------------------------------------------------------------------------------------- */

typedef struct named_list { moth *m; moth_named_tensor *items; int64_t count, capacity; } named_list;
/* Adds a tensor, whose reference the list takes in any case, under a copy of the name (NULL: none). */
moth_status named_add(named_list *list, const char *name, moth_tensor *t);
void named_free(named_list *list);
/* MOTH_FORMAT (reading) or MOTH_OPTION where two have the same name: "x.npz: two are named 'w'". */
moth_status named_check(moth *m, const char *where, const char *file, moth_status failure, const moth_named_tensor *items, int64_t count);
/* RFC 3629. */
bool named_is_utf8(const char *text);

/* ---- .npy (numpy.lib.format): versions 1.0 to 3.0, C and Fortran order, both byte orders ------------------------------------- */

typedef struct npy_header { stored_type type; bool is_big_endian, is_fortran; int rank; int64_t size[MOTH_MAX_RANK]; } npy_header;
/* The magic, the version and the dict; the stream stands at the first value then. Types without a dtype here are refused by name. */
moth_status npy_read_header(stream *from, npy_header *header);
/* The whole stream. With `mapped`, the storage of the bytes that the stream reads, the tensor lies in it, transposed where the file is in
 * Fortran order; else it is row-major. */
moth_status npy_read(stream *from, storage *mapped, moth_tensor **t);
/* Version 1.0, C order, little-endian: what NumPy writes. */
moth_status npy_write(stream *to, const moth_tensor *t);

/* ---- .npz: a zip archive of .npy files --------------------------------------------------------------------------------------- */

/* Stored or deflated entries, in the archive's order, named without ".npy". The stream must know its size and be able to seek. */
moth_status npz_read(stream *from, named_list *list);
/* As np.savez: stored. */
moth_status npz_write(stream *to, const moth_named_tensor *items, int64_t count);

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
/* A whole file of numbers as f64[rows, columns]; words are told with their line and column. */
moth_status csv_read_numbers(stream *from, moth_tensor **t);
/* One line a row (of rank 1: an element), each number in the fewest digits that read back as the same. */
moth_status csv_write_numbers(stream *to, const moth_tensor *t);
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
/* The same, the tensors lying in the storage of the bytes that the stream reads. */
moth_status safetensors_map(stream *from, storage *mapped, safetensors_file *file);
void safetensors_free(safetensors_file *file);
const char *safetensors_metadata(const safetensors_file *file, const char *key); /* NULL: absent */
moth_tensor *safetensors_tensor(const safetensors_file *file, const char *name); /* borrowed; NULL: absent */

#endif
