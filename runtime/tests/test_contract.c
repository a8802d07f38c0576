// A quantized plan judged on a device: PLANS FOLDER holds digits-1.1.plan (floats) and digits-int8-1.1.plan, SAMPLES
// FOLDER digit_0.npy ... digit_9.npy, f32 [8,8], and labels.csv with "digit_0.npy,2" and so on. Checks the contract,
// damages it, and measures int8 against floats and labels.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dlc_accuracy.h"

static int passed, failed;

#define EXPECT(ok)                                                                                                     \
  do {                                                                                                                 \
    if (ok)                                                                                                            \
      passed++;                                                                                                        \
    else                                                                                                               \
      failed++, printf("FAILED line %d: %s (last error: %s)\n", __LINE__, #ok, dlc_last_error());                      \
  } while (0)

enum { PIXELS = 64, DIGITS = 10, MOST_PLAN = 1 << 18 };

static unsigned char *memory;

// A plan's file in aligned memory; its bytes.
static size_t load(const char *folder, const char *name) {
  char path[1024];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "rb");
  if (!file) return 0;
  const size_t count = fread(memory, 1, MOST_PLAN, file);
  fclose(file);
  return count;
}

// The values of an .npy file of 64 floats, which end it.
static int read_digit(const char *folder, int digit, float *pixels) {
  char path[1024];
  snprintf(path, sizeof path, "%s/digit_%d.npy", folder, digit);
  FILE *file = fopen(path, "rb");
  if (!file) return 0;
  const int ok =
      !fseek(file, -(long)(PIXELS * sizeof(float)), SEEK_END) && fread(pixels, sizeof(float), PIXELS, file) == PIXELS;
  fclose(file);
  return ok;
}

// The labels of the ten files; the number of labels read.
static int read_labels(const char *folder, int *labels) {
  char path[1024], line[128];
  snprintf(path, sizeof path, "%s/labels.csv", folder);
  FILE *file = fopen(path, "r");
  if (!file) return 0;
  int count = 0, sample, label;
  while (fgets(line, sizeof line, file))
    if (sscanf(line, "digit_%d.npy,%d", &sample, &label) == 2 && sample >= 0 && sample < DIGITS)
      labels[sample] = label, count++;
  fclose(file);
  return count;
}

static void test_contract(const char *plans) {
  dlc_program *program = NULL, *floats = NULL;
  dlc_session *session = NULL;
  dlc_contract contract;
  const size_t bytes = load(plans, "digits-int8-1.1.plan");
  EXPECT(dlc_program_open_memory(memory, bytes, &program) == DLC_OK);
  EXPECT(dlc_program_contract(program, &contract) == DLC_OK && contract.witnessed && contract.samples == 100);
  EXPECT(strstr(contract.data, "100 samples") && strlen(contract.data_hash) == 16 && contract.metrics >= 5);
  int known = 0;
  for (uint32_t k = 0; k < contract.metrics; k++) {
    dlc_metric metric;
    EXPECT(dlc_program_metric(program, k, &metric) == DLC_OK && strlen(metric.name) > 0 && metric.tolerance >= 0);
    known += !strcmp(metric.name, "accuracy_quantized") && metric.value > 0.9 && metric.value <= 1;
  }
  dlc_metric metric;
  EXPECT(known == 1 && dlc_program_metric(program, contract.metrics, &metric) == DLC_ERROR_ARGUMENT);
  EXPECT(dlc_program_contract(program, NULL) == DLC_ERROR_ARGUMENT);
  EXPECT(dlc_program_preprocessing(program) == NULL && dlc_program_preprocessing(NULL) == NULL);
  for (uint32_t threads = 1; threads <= 3; threads++) {
    EXPECT(dlc_session_create(program, threads, &session) == DLC_OK);
    EXPECT(dlc_session_check_contract(session) == DLC_OK);
    EXPECT(((const float *)dlc_session_input(session, 0))[1] == 0);
    dlc_session_destroy(session);
  }
  // What belongs to the caller is not written to.
  float image[PIXELS] = {0};
  EXPECT(dlc_session_create(program, 1, &session) == DLC_OK);
  EXPECT(dlc_session_bind_input(session, 0, image, sizeof image) == DLC_OK);
  EXPECT(dlc_session_check_contract(session) == DLC_ERROR_ARGUMENT && strstr(dlc_last_error(), "bound"));
  EXPECT(dlc_session_check_contract(NULL) == DLC_ERROR_ARGUMENT);
  dlc_session_destroy(session);
  dlc_program_close(program);

  // A changed weight opens as well, and gives other answers: the check finds it.
  for (size_t at = bytes - 12288; at < bytes - 4096; at++) memory[at] ^= 0x55;
  EXPECT(dlc_program_open_memory(memory, bytes, &program) == DLC_OK);
  EXPECT(dlc_session_create(program, 1, &session) == DLC_OK);
  EXPECT(dlc_session_check_contract(session) == DLC_ERROR_CONTRACT && strstr(dlc_last_error(), "probabilities"));
  dlc_session_destroy(session);
  dlc_program_close(program);

  const size_t others = load(plans, "digits-1.1.plan");
  EXPECT(dlc_program_open_memory(memory, others, &floats) == DLC_OK);
  EXPECT(dlc_program_contract(floats, &contract) == DLC_ERROR_CONTRACT);
  EXPECT(dlc_session_create(floats, 1, &session) == DLC_OK);
  EXPECT(dlc_session_check_contract(session) == DLC_ERROR_CONTRACT && strstr(dlc_last_error(), "no answers"));
  dlc_session_destroy(session);
  dlc_program_close(floats);
}

static void test_labelled_samples(const char *plans, const char *samples) {
  const char *names[] = {"digits-1.1.plan", "digits-int8-1.1.plan"};
  dlc_session *sessions[2] = {NULL, NULL};
  for (int k = 0; k < 2; k++) {
    char path[1024];
    dlc_program *program = NULL;
    snprintf(path, sizeof path, "%s/%s", plans, names[k]);
    EXPECT(dlc_program_open(path, &program) == DLC_OK && dlc_session_create(program, 1, &sessions[k]) == DLC_OK);
    dlc_program_close(program);
  }
  dlc_accuracy accuracy;
  dlc_accuracy_begin(&accuracy);
  dlc_accuracy_bars bars = {.min_cosine = 0.99, .min_sqnr_db = 20, .min_top1 = 1};
  EXPECT(dlc_accuracy_meets(&accuracy, &bars) == DLC_ERROR_CONTRACT);
  int right = 0, labels[DIGITS] = {0};
  EXPECT(read_labels(samples, labels) == DIGITS);
  for (int digit = 0; digit < DIGITS; digit++) {
    const float *answers[2] = {NULL, NULL};
    for (int k = 0; k < 2; k++) {
      EXPECT(read_digit(samples, digit, dlc_session_input(sessions[k], 0)));
      EXPECT(dlc_session_run(sessions[k]) == DLC_OK);
      answers[k] = dlc_session_output(sessions[k], 0);
    }
    dlc_accuracy_add(&accuracy, answers[0], answers[1], DIGITS);
    right += dlc_accuracy_best(answers[1], DIGITS) == (size_t)labels[digit];
  }
  EXPECT(right == DIGITS);
  EXPECT(dlc_accuracy_meets(&accuracy, &bars) == DLC_OK);
  const dlc_accuracy_result result = dlc_accuracy_figures(&accuracy);
  printf("test_contract: int8 against floats: max abs %.3g, mean abs %.3g, cosine %.6f, SQNR %.1f dB, top-1 %.2f\n",
         result.max_abs, result.mean_abs, result.cosine, result.sqnr_db, result.top1_agreement);
  bars.max_abs = result.max_abs / 2;
  EXPECT(dlc_accuracy_meets(&accuracy, &bars) == DLC_ERROR_CONTRACT);
  for (int k = 0; k < 2; k++) dlc_session_destroy(sessions[k]);
}

// Figures worked out by hand.
static void test_accumulator(void) {
  const float reference[] = {3, 4, 0}, candidate[] = {3, 3, 0}, swapped[] = {4, 3, 0}, broken[] = {NAN, 4, 0};
  dlc_accuracy accuracy;
  dlc_accuracy_begin(&accuracy);
  dlc_accuracy_add(&accuracy, reference, reference, 3);
  EXPECT(dlc_accuracy_figures(&accuracy).sqnr_db == HUGE_VAL && dlc_accuracy_figures(&accuracy).max_abs == 0);
  dlc_accuracy_add(&accuracy, reference, candidate, 3);
  dlc_accuracy_result result = dlc_accuracy_figures(&accuracy);
  EXPECT(result.samples == 2 && result.max_abs == 1 && fabs(result.mean_abs - 1.0 / 6) < 1e-12);
  EXPECT(fabs(result.worst_sqnr_db - 10 * log10(25)) < 1e-9);
  EXPECT(fabs(result.worst_cosine - 21 / (5 * sqrt(18))) < 1e-12);
  EXPECT(fabs(result.sqnr_db - 10 * log10(50)) < 1e-9 && fabs(result.cosine - 46 / sqrt(50 * 43)) < 1e-12);
  EXPECT(result.top1_agreement == 0.5); // of equal elements the first is best
  dlc_accuracy_begin(&accuracy);
  dlc_accuracy_add(&accuracy, reference, swapped, 3);
  EXPECT(dlc_accuracy_figures(&accuracy).top1_agreement == 0 && fabs(accuracy.worst_cosine - 0.96) < 1e-12);
  dlc_accuracy_begin(&accuracy);
  dlc_accuracy_add(&accuracy, reference, broken, 3);
  EXPECT(isinf(dlc_accuracy_figures(&accuracy).max_abs) && accuracy.worst_sqnr_db == -HUGE_VAL);
}

int main(int count, char **arguments) {
  if (count != 3) return fprintf(stderr, "usage: test_contract PLANS SAMPLES\n"), 64;
  memory = aligned_alloc(64, MOST_PLAN);
  if (!memory) return 1;
  test_accumulator();
  test_contract(arguments[1]);
  test_labelled_samples(arguments[1], arguments[2]);
  free(memory);
  printf("test_contract: %d passed, %d failed\n", passed, failed);
  return failed ? 1 : 0;
}
