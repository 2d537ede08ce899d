#pragma once

#include "embed/native/future.hpp"

namespace scaler::native {

// Only for a future that somebody waits on with others, or gives a callback.
//
// wait() and as_completed() hold `_condition` so that no state changes between reading `_state` and
// appending to `_waiters`. Instead of a lock, acquire() takes a snapshot: while anybody holds,
// `_state` keeps answering the state seen at the first acquire, and a waiter appended to a future
// that was settled meanwhile is told at once. So settling never waits, and no order of locks can
// dead-lock.
struct FutureExtra {
  PyObject* callbacks = nullptr;  // lists, or null
  PyObject* waiters = nullptr;
  int holds = 0;
  State snapshot = State::running;
  bool wants_delivery = false;
};

Future* future_of(PyObject* object);
void track(Future* future);
FutureExtra* extra_of(Future* future);  // made if it is not there
bool is_done(const Future* future);

// Sets the state once; false if it was set. Steals `value`.
bool settle(Future* future, State state, PyObject* value);

void tell_waiter(PyObject* waiter, Future* future);
void want_delivery(Future* future);

// 1: settled, 0: the time is over, -1: an exception is set.
int wait_done(Future* future, double seconds);
// Brings and unpickles the value. False with an exception set if it did not come within `seconds`;
// a value that cannot be unpickled becomes the exception that says why.
bool load_value(Future* future, double seconds);

int make_link_type();
PyObject* make_link(Future* future);  // the answer to `_condition` and `_waiters`

}  // namespace scaler::native
