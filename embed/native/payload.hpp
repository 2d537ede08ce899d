#pragma once

#include "embed/native/session.hpp"

namespace scaler::native {

// What the session's serializer makes of an object: new `bytes`, or null with an exception set.
// Plain values - numbers, text, bytes, None, and short tuples, lists and dicts of them - are
// pickled without the serializer if it is the default one: the bytes are the same.
PyObject* serialize(Session* session, PyObject* object);

// The same as a payload that may go to another thread. False with an exception set. Large buffers
// are copied once, while other Python threads run.
bool serialize_into(Session* session, PyObject* object, Bytes& payload);

// A copy that may go to another thread. Lets other Python threads run while it copies much.
Bytes copy_payload(PyObject* bytes);
// The same for the store: in a memory file of its, if that may be. False with an exception set.
bool copy_payload(Session* session, PyObject* bytes, Bytes& payload);

// The bytes of a `bytes` object, as long as it lives. Null and an exception if it is none.
bool read_bytes(PyObject* object, ByteView& into);

// An id of 32 bytes.
bool read_object_id(PyObject* object, ObjectId& into);

}  // namespace scaler::native
