#pragma once

#include <atomic>
#include <vector>

#include "embed/native/python_api.hpp"
#include "scaler/client/client_core.hpp"

// From the clients' threads, which never see Python, to Python's. Notices lie in one queue until
// some thread that holds the GIL takes them: one that waits for a future does it itself; done() and
// its like look whether there are any. Only when somebody is to be called back, and nobody waits,
// does the delivery thread take the GIL for a batch. So a program that submits and then asks for
// results never hands the GIL about.
namespace scaler::native {

struct Session;

namespace pump {

// Any thread, without the GIL.
void post(Session* session, std::vector<client::Notice> batch);

// ---- with the GIL ----

// Applies what has been posted. Cheap when there is nothing.
void drain();

// Waits until `done(what)` holds, applying notices meanwhile. 1: it does; 0: `seconds` have passed
// (negative: never); -1: with an exception set, a signal handler's.
int wait(bool (*done)(void*), void* what, double seconds);

// While at least one of these is open, notices are applied even if nobody asks.
void want_delivery();
void unwant_delivery();

// Steals a reference to `callback` and borrows one to `argument`: callback(argument) is called in
// the delivery thread, as user code is that must not run in the middle of a wait.
void call_later(PyObject* callback, PyObject* argument);

// At the interpreter's exit: nothing is delivered any more. Waits a moment for a callback that
// runs.
void stop(double seconds);

// In a forked child: threads and locks of the parent are forgotten.
void after_fork();

}  // namespace pump
}  // namespace scaler::native
