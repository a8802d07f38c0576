// libFuzzer's entry: any bytes are opened as a plan; what opens is described, run and carried, within small memory.
// With LIST_FAMILIES a program of its own, that prints which kernels ran: fuzz_plan PLAN...
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dlc.h"

enum { MOST_MEMORY = 1 << 16, MOST_STEPS = 32 };
// A plan may ask for much work with little memory: what would take long is opened and described only.
static const uint64_t most_macs = 1 << 18;

static void observe(void *context, const dlc_step_event *event) {
  uint64_t *sum = context;
#ifdef LIST_FAMILIES
  puts(event->kernel);
#endif
  for (uint32_t k = 0; k < event->output_count; k++) {
    const dlc_tensor_view *view = &event->outputs[k];
    int elements = 1;
    for (int32_t axis = 0; axis < view->rank; axis++) elements = elements && view->dims[axis] > 0;
    if (elements) *sum += *(const unsigned char *)view->data; // readable
    for (uint32_t i = 0; i < view->quantization.count; i++) *sum += view->quantization.scales[i] > 0;
  }
}

static void run(dlc_program *program, const dlc_info *info) {
  dlc_session *session = NULL;
  uint64_t sum = 0;
  if (dlc_session_create(program, 1, &session) != DLC_OK) return;
  for (uint32_t k = 0; k < info->inputs; k++) {
    dlc_port port;
    if (dlc_program_input(program, k, &port) != DLC_OK) abort();
    memset(dlc_session_input(session, k), 1, port.bytes);
    if (info->outputs) dlc_session_carry(session, 0, k);
  }
  dlc_session_observe(session, observe, &sum);
  dlc_session_run(session);
  dlc_session_check_contract(session);
  for (uint32_t k = 0; k < info->outputs; k++) {
    dlc_port port;
    if (dlc_program_output(program, k, &port) != DLC_OK) abort();
    const unsigned char *bytes = dlc_session_output(session, k);
    for (size_t i = 0; i < port.bytes; i++) sum += bytes[i];
  }
  dlc_session_destroy(session);
  volatile uint64_t kept = sum;
  (void)kept;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  void *bytes = NULL;
  if (posix_memalign(&bytes, 64, size ? size : 1)) return 0;
  memcpy(bytes, data, size);
  dlc_program *program = NULL;
  if (dlc_program_open_memory(bytes, size, &program) == DLC_OK) {
    dlc_info info;
    dlc_program_info(program, &info);
    dlc_contract contract = {0};
    dlc_metric metric;
    dlc_program_contract(program, &contract);
    const char *preprocessing = dlc_program_preprocessing(program);
    if (contract.metrics && dlc_program_metric(program, contract.metrics - 1, &metric) != DLC_OK) abort();
    size_t names =
        strlen(info.name) + strlen(info.source) + strlen(info.options) + (preprocessing ? strlen(preprocessing) : 0);
    for (uint32_t k = 0; k < info.steps; k++) {
      dlc_step_info step;
      if (dlc_program_step(program, k, &step) != DLC_OK) abort();
      names += strlen(step.name) + strlen(step.kernel);
    }
    if (names < size + 16384 && info.steps <= MOST_STEPS && info.macs <= most_macs && info.arena_bytes <= MOST_MEMORY &&
        info.scratch_bytes <= MOST_MEMORY)
      run(program, &info);
    dlc_program_close(program);
  } else if (!dlc_last_error()[0]) {
    abort();
  }
  free(bytes);
  return 0;
}

#ifdef LIST_FAMILIES
int main(int count, char **files) {
  for (int k = 1; k < count; k++) {
    static uint8_t bytes[4096];
    FILE *file = fopen(files[k], "rb");
    if (!file) return 66;
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    LLVMFuzzerTestOneInput(bytes, size);
  }
  return 0;
}
#endif
