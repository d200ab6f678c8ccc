/* network/plan_lanes.h: the path of tiny networks: a chain of narrow dense layers whose batch lies in vector lanes (math/lanes.h), as a
 * list of calls that each step makes. Made with a training plan where the net suits it; a step takes it where its rows and what is asked of it
 * suit, and gives the bits that blocks of rows give. */
#ifndef NETWORK_PLAN_LANES_H
#define NETWORK_PLAN_LANES_H

#include "network/plan_parts.h"

/* Measured on Zen 4, both dtypes: in lanes a step takes 0.4 to 0.9 of its time in rows, as long as no layer has more than 16 units and its
 * outputs fit LANES_MOST_VECTORS vectors; beyond, rows fill their vectors by themselves. */
enum { LANES_MOST_ROWS = 256, LANES_MOST_INPUTS = 64, LANES_MOST_UNITS = 16, LANES_MOST_VECTORS = 64 };

/* Sets self->lanes where the net suits; else it stays NULL. */
moth_status plan_lanes_create(plan *self);
void plan_lanes_free(plan *self);
/* The most rows that go in lanes. */
int64_t plan_lanes_rows(const plan *self);
/* Whether a training plan of a narrow net has no lanes because of this node, for plan_path. */
bool plan_lanes_miss(const plan *self, const plan_node *p);

/* Works out what follows from a setting, and whether it can go in lanes; called by plan_set. A single row cannot: products of one row add
 * in an order of their own (math/kernels.h), and there is nothing to lay side by side. */
void plan_lanes_set(plan *self);
/* Whether this step can too. */
bool plan_lanes_takes(const plan *self, const plan_step_job *job);
/* The batch's inputs and targets, which lie in rows, into lanes. */
void plan_lanes_load(plan *self);
/* Forward, loss and backward; the loss's sum. */
double plan_lanes_run(plan *self);
/* Says where `kept`, a copy of the parameters, gets each step's old values (NULL: nowhere), and how updates go. */
void plan_lanes_aim(plan *self, const plan_step_job *job, char *kept);
/* Gradients and the update of self->update. */
void plan_lanes_update(plan *self);
/* The outputs of the last step into rows, where plan_node_output and others look for them. */
void plan_lanes_publish(plan *self);
/* Before a run in rows: what it leaves counts. */
void plan_lanes_forget(plan *self);

#endif
