#include "embed/native/pump.hpp"

#include <pthread.h>
#include <semaphore.h>

#include <cerrno>
#include <cmath>
#include <csignal>
#include <ctime>
#include <deque>
#include <mutex>
#include <thread>

#include "embed/native/future.hpp"
#include "embed/native/session.hpp"

namespace scaler::native::pump {

namespace {

// A signal that comes just before a wait begins is seen after this at the latest.
constexpr double slice_seconds = 0.25;

struct Batch {
  Session* session;
  std::vector<client::Notice> notices;
};

// One thread in wait(); lives on its stack.
struct Waiter {
  sem_t wake;
  bool (*done)(void*);
  void* what;
  Waiter* next;
};

struct Callback {
  PyObject* callback;
  PyObject* argument;
};

// Never destroyed: threads may outlive the static objects of the process.
struct State {
  std::mutex mutex;  // guards the next two
  std::vector<Batch> posted;
  Waiter* leader = nullptr;  // who is woken by a batch; also read with the GIL
  std::atomic<bool> any_posted = false;
  std::atomic<int> wanted = 0;
  std::atomic<bool> stopping = false;
  sem_t delivery;
  sem_t delivery_over;

  // with the GIL
  std::deque<std::pair<Session*, client::Notice>> pending;
  std::deque<Callback> callbacks;
  Waiter* waiters = nullptr;
  bool delivery_runs = false;

  State() {
    sem_init(&delivery, 0, 0);
    sem_init(&delivery_over, 0, 0);
  }
};
State* state = new State;

timespec until(double seconds) {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const double whole = std::floor(seconds);
  now.tv_sec += static_cast<time_t>(whole);
  now.tv_nsec += static_cast<long>((seconds - whole) * 1e9);
  if (now.tv_nsec >= 1'000'000'000) {
    now.tv_nsec -= 1'000'000'000;
    ++now.tv_sec;
  }
  return now;
}

double seconds_now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void take_posted() {
  std::vector<Batch> taken;
  {
    const std::lock_guard lock(state->mutex);
    taken.swap(state->posted);
    state->any_posted.store(false, std::memory_order_relaxed);
  }
  for (Batch& batch : taken)
    for (client::Notice& notice : batch.notices)
      state->pending.emplace_back(batch.session, std::move(notice));
}

void wake_those_done(const Waiter* self) {
  for (Waiter* other = state->waiters; other != nullptr; other = other->next)
    if (other != self && other->done(other->what)) sem_post(&other->wake);
}

// Each notice is applied once and begins in order, whoever helps and however deep in each other:
// what applying runs of Python comes after the change it tells of.
void drain_for(const Waiter* self) {
  bool applied = false;
  while (true) {
    if (state->any_posted.load(std::memory_order_acquire)) take_posted();
    if (state->pending.empty()) break;
    Session* session = state->pending.front().first;
    client::Notice notice = std::move(state->pending.front().second);
    state->pending.pop_front();
    apply(session, notice);
    applied = true;
  }
  if (applied && state->waiters != nullptr) wake_those_done(self);
}

bool take_lead(Waiter* waiter) {
  const std::lock_guard lock(state->mutex);
  if (state->leader == nullptr) state->leader = waiter;
  return state->posted.empty();  // false: there is something to do instead of waiting
}

void leave(Waiter* waiter) {
  Waiter** place = &state->waiters;
  while (*place != waiter) place = &(*place)->next;
  *place = waiter->next;
  bool deliver = false;
  {
    const std::lock_guard lock(state->mutex);
    if (state->leader != waiter) return;
    state->leader = nullptr;
    deliver = !state->posted.empty() && state->wanted > 0;
  }
  if (state->waiters != nullptr)
    sem_post(&state->waiters->wake);  // it takes the lead
  else if (deliver)
    sem_post(&state->delivery);
}

void run_callbacks() {
  while (!state->callbacks.empty() && !state->stopping) {
    const Callback next = state->callbacks.front();
    state->callbacks.pop_front();
    PyObject* result = PyObject_CallFunctionObjArgs(next.callback, next.argument, nullptr);
    if (result == nullptr) log_callback_error(next.argument);
    Py_XDECREF(result);
    Py_DECREF(next.callback);
    Py_DECREF(next.argument);
  }
}

// No C++ object with a destructor is alive where the GIL is taken.
void deliver_for_ever() {
  while (true) {
    while (sem_wait(&state->delivery) != 0) {
    }
    if (state->stopping) break;
    const PyGILState_STATE gil = PyGILState_Ensure();
    drain();
    run_callbacks();
    PyGILState_Release(gil);
  }
  sem_post(&state->delivery_over);
}

void ensure_delivery() {
  if (state->delivery_runs || state->stopping) return;
  state->delivery_runs = true;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread([] {
    pthread_setname_np(pthread_self(), "scaler-deliver");
    deliver_for_ever();
  }).detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace

void post(Session* session, std::vector<client::Notice> batch) {
  const std::lock_guard lock(state->mutex);
  state->posted.push_back({session, std::move(batch)});
  state->any_posted.store(true, std::memory_order_release);
  if (state->leader != nullptr)
    sem_post(&state->leader->wake);
  else if (state->wanted.load(std::memory_order_relaxed) > 0)
    sem_post(&state->delivery);
}

void drain() {
  if (!state->any_posted.load(std::memory_order_acquire) && state->pending.empty()) return;
  drain_for(nullptr);
}

int wait(bool (*done)(void*), void* what, double seconds) {
  drain();
  if (done(what)) return 1;
  if (seconds == 0) return 0;
  const double end = seconds < 0 ? HUGE_VAL : seconds_now() + seconds;
  Waiter self{{}, done, what, state->waiters};
  sem_init(&self.wake, 0, 0);
  state->waiters = &self;
  int outcome = -1;
  while (outcome < 0) {
    const double left = end - seconds_now();
    if (left <= 0) {
      outcome = 0;
      break;
    }
    bool interrupted = true;
    if (take_lead(&self)) {
      const timespec limit = until(left < slice_seconds ? left : slice_seconds);
      PyThreadState* thread = PyEval_SaveThread();
      interrupted = sem_clockwait(&self.wake, CLOCK_MONOTONIC, &limit) != 0;
      PyEval_RestoreThread(thread);
    }
    drain_for(&self);
    if (done(what)) outcome = 1;
    if (outcome < 0 && interrupted && PyErr_CheckSignals() < 0) break;
  }
  leave(&self);
  sem_destroy(&self.wake);
  return outcome;
}

void want_delivery() {
  ++state->wanted;
  ensure_delivery();
  if (state->any_posted.load(std::memory_order_acquire)) sem_post(&state->delivery);
}

void unwant_delivery() { --state->wanted; }

void call_later(PyObject* callback, PyObject* argument) {
  state->callbacks.push_back({callback, own(argument)});
  ensure_delivery();
  sem_post(&state->delivery);
}

void stop(double seconds) {
  if (state->stopping.exchange(true) || !state->delivery_runs) return;
  sem_post(&state->delivery);
  const timespec limit = until(seconds);
  PyThreadState* thread = PyEval_SaveThread();
  while (sem_clockwait(&state->delivery_over, CLOCK_MONOTONIC, &limit) != 0 && errno == EINTR) {
  }
  PyEval_RestoreThread(thread);
}

void after_fork() {
  state = new State;  // the old one may be locked for ever
}

}  // namespace scaler::native::pump
