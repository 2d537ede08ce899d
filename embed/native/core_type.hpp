#pragma once

#include "embed/native/session.hpp"

namespace scaler::native {

// `Core`, what scaler.client.client.Client is made of.
struct Core {
  PyObject_HEAD Session* session;
};

int make_core_type(PyObject* module);

inline Session* session_of(PyObject* self) { return reinterpret_cast<Core*>(self)->session; }

// submit.cpp and graph.cpp; the table in core_type.cpp tells their arguments.
PyObject* core_submit(PyObject* self, PyObject* arguments);
PyObject* core_submit_many(PyObject* self, PyObject* arguments);
PyObject* core_submit_graph(PyObject* self, PyObject* arguments);

// A tuple of (name, int) pairs, or None.
bool read_capabilities(PyObject* object, wire::Capabilities& into);

// Tokens of a request that was not posted.
void drop_tokens(const client::Submit& request);

}  // namespace scaler::native
