/* operations/pick.h: what choosing and picking by a mask share. */
#ifndef OPERATIONS_PICK_H
#define OPERATIONS_PICK_H

#include "operations/support.h"

/* The second input is a bool tensor; else "where: the mask must be a bool tensor, got f32[3]". */
moth_status pick_check_mask(const operation_call *call);

#endif
