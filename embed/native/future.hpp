#pragma once

#include "embed/native/python_api.hpp"
#include "embed/native/session.hpp"

namespace scaler::native {

enum class State : std::uint8_t { running, cancelled, finished, failed };

struct FutureExtra;

// concurrent.futures.Future to its user. Plain life - made, settled, asked - runs no Python code
// and makes no lock. All fields belong to whoever holds the GIL.
struct Future {
  PyObject_HEAD PyObject*
      dict;  // these two at 16 and 24: Python 3.8 finds them there (future_type.cpp)
  PyObject* weak;
  PyObject* value;   // the result, or the exception if `failed`; null: not unpickled yet
  Session* session;  // null: made by hand
  FutureExtra* extra;
  Bytes payload;  // what `value` will be made of
  wire::TaskProfile profile;
  TaskId id;
  State state;
  bool here;  // payload or value has come; else the result stays in the store
  bool has_profile;
  bool fetching;  // FetchResult was asked
  bool tracked;   // by the cyclic collector: only from the moment that a cycle is possible
};

int make_future_type(PyObject* module);  // adds "Future"

// A new one that waits, whose second reference is the token. Null with an exception set.
Future* make_future(Session* session, const TaskId& id);
client::Token token_of(Future* future);
inline PyObject* as_object(Future* future) { return reinterpret_cast<PyObject*>(future); }

void raise_cancelled(const Future* future);

void settle_finished(client::Finished& finished);
void settle_arrived(client::Arrived& arrived);
void settle_canceled(const client::Canceled& canceled);
void settle_lost(const client::Lost& lost);

// The pending exception of a callback of `future`, to the log of concurrent.futures.
void log_callback_error(PyObject* future);

// A future whose value is there already; steals a reference to it.
Future* make_done_future(Session* session, PyObject* value);

// Waits and gives the value: a new reference, or null with the exception set.
PyObject* result_of(Future* future, double seconds);

}  // namespace scaler::native
