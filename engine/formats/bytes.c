/* Bytes of the host's own as a file, through the same stream as all others. */
#include "core/stream.h"

moth_status moth_write_file(moth *m, const char *where, const char *path, const void *bytes, size_t size) {
  stream to;
  if (!where) where = "write_file";
  moth_status status = context_check(m, where);
  if (!status && (!path || (!bytes && size > 0))) status = context_fail(m, MOTH_MISUSE, where, "needs a path and bytes");
  if (!status) status = stream_create(m, where, path, &to);
  if (status) return status;
  status = stream_write(&to, bytes, size);
  moth_status closed = stream_close(&to, !status);
  return status ? status : closed;
}
