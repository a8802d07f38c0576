// The calling thread's last error message, built piece by piece without allocating; what does not fit is cut.
#ifndef DLC_MESSAGE_H
#define DLC_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

void dlc_message_clear(void);
void dlc_message_bytes(const char *bytes, size_t count);
void dlc_message_text(const char *text);
void dlc_message_number(int64_t number);
// The message so far; empty at first. Valid until the thread's next message.
const char *dlc_message(void);
// The runtime's version as text.
const char *dlc_runtime_version(void);

#ifdef __cplusplus
}
#endif
#endif
