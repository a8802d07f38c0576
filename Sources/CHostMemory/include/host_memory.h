// The memory of the machine that compiles.
#ifndef DLC_HOST_MEMORY_H
#define DLC_HOST_MEMORY_H

// Lets the C library give blocks of a megabyte and more back to the system when they are freed, for all that follow.
void dlc_return_freed_memory(void);

#endif
