/* losses/check.h: what the losses' checks have in common: how they name themselves, what they say of shapes. */
#ifndef LOSSES_CHECK_H
#define LOSSES_CHECK_H

#include "losses/loss.h"

/* A failure of a loss: "train: mse …", or "mse: …" where that is the place itself. */
moth_status loss_fail(moth *m, moth_status status, const moth_part *loss, const loss_setting *setting, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
moth_shape loss_sample_shape(const moth_tensor *t);
/* Whether loss(p, t) or metric(p, t) can begin: p of floats, [rows, …] with values, t of as many rows. */
moth_status loss_check_prediction(moth *m, const moth_part *part, const moth_tensor *p, const moth_tensor *t);
/* "mse: prediction f32[16,1], target f32[16]: shapes must be equal" + the reshape that helps, unless they are. */
moth_status loss_check_shapes(moth *m, const moth_part *loss, const loss_setting *setting);
/* "f32[1257]": the dtype and the whole batch's shape. */
void loss_shape_text(moth_dtype dtype, int64_t rows, const moth_shape *sample, char *buffer, size_t size);
/* check of losses that take targets of the prediction's shape and stand after anything. */
moth_status loss_check_values(moth *m, const moth_part *loss, const loss_setting *setting, bool *classes);
/* Whether its option `logits` fits the activation before it; `instead` (NULL: none) is the loss to use after `other`. */
moth_status loss_check_activation(moth *m, const moth_part *loss, const loss_setting *setting, bool logits, const char *other,
                                  const char *instead);

#endif
