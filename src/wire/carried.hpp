#pragma once

#include <capnp/any.h>
#include <capnp/message.h>

#include "scaler/wire/messages.hpp"
#include "wire/decoder.hpp"

// What hangs at the second pointer of a message's root (protocol/carried.capnp). A message that
// carries nothing has no such pointer, as the peers write it.
namespace scaler::wire {

// Null: the message carries nothing.
const Carried* carried_of(const Message& message);

capnp::AnyStruct::Builder init_root(capnp::MessageBuilder& builder, bool carries);
void write_carried(capnp::AnyStruct::Builder root, const Carried& carried);

// Into the kinds that may carry something; with others, and where it is not ours, it is passed
// over.
void read_carried(Decoder& in, capnp::AnyStruct::Reader root, Message& message);

}  // namespace scaler::wire
