// What a build leaves out. Without any of these definitions it has everything that its processor family can run; a
// bundle for one plan names the instruction sets, element types and functions that the plan needs, and code for others
// is not reached from any row and goes away when it is linked.
#ifndef DLC_CONFIG_H
#define DLC_CONFIG_H

// Instruction sets: DLC_NO_AVX2, DLC_NO_AVX512 and DLC_NO_NEON leave theirs out. Where NEON or
// AVX2 is always there, the portable rows are left out by DLC_NO_SCALAR.
#if defined(__x86_64__) && !defined(DLC_NO_AVX2)
#define DLC_HAS_AVX2 1
#else
#define DLC_HAS_AVX2 0
#endif
#if DLC_HAS_AVX2 && !defined(DLC_NO_AVX512)
#define DLC_HAS_AVX512 1
#else
#define DLC_HAS_AVX512 0
#endif
#if defined(__ARM_NEON) && !defined(DLC_NO_NEON)
#define DLC_HAS_NEON 1
#else
#define DLC_HAS_NEON 0
#endif
#if (DLC_HAS_NEON || DLC_HAS_AVX2) && defined(DLC_NO_SCALAR)
#define DLC_HAS_SCALAR 0
#else
#define DLC_HAS_SCALAR 1
#endif

// Bit t: tensors of dlc_type t may occur.
#ifndef DLC_TYPE_SET
#define DLC_TYPE_SET 0xFFFFFFFFu
#endif
#define DLC_HAS_TYPE(type) ((DLC_TYPE_SET >> (type)&1u) != 0)

// Bit f: dlc_function f may be called for. Those from 64 on are always there.
#ifndef DLC_FUNCTION_SET
#define DLC_FUNCTION_SET 0xFFFFFFFFFFFFFFFFull
#endif
#define DLC_HAS_FUNCTION(f) ((f) >= 64 || (DLC_FUNCTION_SET >> ((f)&63) & 1u) != 0)

// Set to 1 when every f32 matrix product has one row and nothing else needs tiles of several.
#ifndef DLC_SINGLE_ROWS
#define DLC_SINGLE_ROWS 0
#endif
// Bit k: softmax of kind k may be called for over neighbouring elements; bit 4 + k: over elements with others between
// them.
#ifndef DLC_SOFTMAX_KINDS
#define DLC_SOFTMAX_KINDS 0x77u
#endif

// Depthwise windows that may be called for: 3 x 3 cells with a stride of 1 (bit 0) and 2 (1), 5 x 5 cells with them (2
// and 3), any other (4).
#ifndef DLC_DWCONV_SHAPES
#define DLC_DWCONV_SHAPES 0x1Fu
#endif
// Bit op: reductions of dlc_reduce_op op may be called for.
#ifndef DLC_REDUCE_SET
#define DLC_REDUCE_SET 0x3FFu
#endif

// What conversions must know: with anything beside f32 also the types that others are computed in.
#define DLC_CAST_SET (DLC_TYPE_SET | ((DLC_TYPE_SET & ~2u) ? 1u << 1 | 1u << 7 | 1u << 11 : 0u))
#define DLC_CASTS(type) ((DLC_CAST_SET >> (type)&1u) != 0)

#endif
