#pragma once

#include <capnp/message.h>

#include "scaler/base/bytes.hpp"
#include "scaler/base/result.hpp"

// Between a frame and the library: what a frame must look like before the library may see it.
namespace scaler::wire {

inline constexpr std::size_t word_bytes = sizeof(capnp::word);

enum class Trailing { refused, ignored };  // bytes behind the last segment

// The table at the head of a frame: UInt32 count - 1, then a UInt32 of words for each segment,
// padded to eight bytes. An error is Errc::bad_message. Never computes a size that overflows.
Status check_segment_table(ByteView frame, Trailing trailing);

// The library reads words where they stand, so they must stand at a multiple of eight. Copies once
// when they do not; frames of our own sessions always do.
Bytes word_aligned(const Bytes& frame);

// A pointer may be followed as often as it takes to read the whole frame twice, no further: a small
// frame whose pointers overlap cannot claim to be a large message.
capnp::ReaderOptions reader_options(std::size_t frame_bytes);

kj::ArrayPtr<const capnp::word> words_of(ByteView aligned_frame);

}  // namespace scaler::wire
