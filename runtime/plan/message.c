#include "dlc_message.h"

#include <string.h>

enum { CAPACITY = 512 };

#if defined(DLC_FREESTANDING)
#define THREAD_LOCAL
#else
#define THREAD_LOCAL _Thread_local
#endif

static THREAD_LOCAL char text[CAPACITY];
static THREAD_LOCAL size_t length;

void dlc_message_clear(void) {
  length = 0;
  text[0] = 0;
}

void dlc_message_bytes(const char *bytes, size_t count) {
  if (count > CAPACITY - 1 - length) count = CAPACITY - 1 - length;
  // Names come from plans: control characters would let them forge lines in a log.
  for (size_t i = 0; i < count; i++)
    text[length + i] = (unsigned char)bytes[i] < 32 || bytes[i] == 127 ? '?' : bytes[i];
  length += count;
  text[length] = 0;
}

void dlc_message_text(const char *piece) { dlc_message_bytes(piece, strlen(piece)); }

void dlc_message_number(int64_t number) {
  char digits[24];
  size_t first = sizeof digits;
  uint64_t magnitude = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
  do digits[--first] = (char)('0' + magnitude % 10);
  while (magnitude /= 10);
  if (number < 0) digits[--first] = '-';
  dlc_message_bytes(digits + first, sizeof digits - first);
}

const char *dlc_message(void) { return text; }

const char *dlc_runtime_version(void) { return "0.1.0"; }
