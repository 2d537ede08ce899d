#pragma once

#include <span>

#include "embed/cpython/object.hpp"
#include "scaler/base/bytes.hpp"

// What the Python code of a processor asks of the program around it: functions of the module
// `_scaler_native`, whichever interpreter loads it.
namespace scaler::embed {

class FrameChannel;

inline constexpr const char* native_module_name = "_scaler_native";

std::span<const PyMethodDef> processor_methods();  // without an end mark

// Where send_output() goes; nullptr: nowhere, and it raises.
void set_output_channel(FrameChannel* channel);

// What suggest_client_import() makes readable, in whichever process listens; -1: it does nothing.
void set_suggestion_descriptor(int eventfd);

// The bytes as a Python object: a copy if they are few, else, in our own interpreter, an object
// that exports the very memory (buffer protocol) and keeps it alive. The GIL guards the reference
// count of `bytes`, which is not atomic.
Object make_payload(const Bytes& bytes);

}  // namespace scaler::embed
