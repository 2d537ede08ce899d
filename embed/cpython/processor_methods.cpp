#include "embed/cpython/processor_methods.hpp"

#include <malloc.h>
#include <unistd.h>

#include "embed/cpython/frame_channel.hpp"
#include "embed/cpython/gil.hpp"
#include "embed/cpython/processor_signals.hpp"
#include "embed/cpython/task_limits.hpp"
#include "scaler/agent/channel_protocol.hpp"
#include "scaler/base/large_blocks.hpp"

namespace scaler::embed {

namespace {

FrameChannel* output_channel = nullptr;
int suggestion_descriptor = -1;

// send_output(task_id: bytes, is_stderr: bool, text: str)
PyObject* send_output(PyObject*, PyObject* const* arguments, Py_ssize_t count) {
  if (count != 3 || !PyBytes_Check(arguments[0]) || !PyUnicode_Check(arguments[2])) {
    PyErr_SetString(PyExc_TypeError, "send_output(task_id: bytes, is_stderr: bool, text: str)");
    return nullptr;
  }
  const auto id = TaskId::from(as_bytes(
      {PyBytes_AsString(arguments[0]), static_cast<std::size_t>(PyBytes_Size(arguments[0]))}));
  const Object text =
      Object::steal(PyUnicode_AsEncodedString(arguments[2], "utf-8", "backslashreplace"));
  if (!text) return nullptr;
  if (!id || output_channel == nullptr) {
    PyErr_SetString(PyExc_ValueError, !id ? "not a task id" : "no agent to send output to");
    return nullptr;
  }
  agent::TaskOutput output{*id, PyObject_IsTrue(arguments[1]) == 1,
                           std::string(PyBytes_AsString(text.get()),
                                       static_cast<std::size_t>(PyBytes_Size(text.get())))};
  const Bytes frame = encode(agent::FromProcessor{std::move(output)});
  const Status sent = [&] {
    const GilReleased released;
    const ByteView body[] = {frame.view()};
    return output_channel->send(body);
  }();
  if (!sent) {
    PyErr_SetString(PyExc_OSError, sent.error().text.c_str());
    return nullptr;
  }
  return make_none().release();
}

// In a child that a task forked: the agent must see the end of the channel when the processor ends,
// not later.
PyObject* leave_agent(PyObject*, PyObject*) {
  if (output_channel != nullptr) close(output_channel->descriptor());
  output_channel = nullptr;
  return make_none().release();
}

PyObject* suggest_client_import(PyObject*, PyObject*) {
  const std::uint64_t one = 1;
  if (suggestion_descriptor >= 0) {
    [[maybe_unused]] const ssize_t ignored = write(suggestion_descriptor, &one, sizeof one);
  }
  return make_none().release();
}

PyObject* suspend(PyObject*, PyObject*) {
  processor_signals::wait_while_suspended();
  return make_none().release();
}

PyObject* begin_limits(PyObject*, PyObject*) {
  task_limits::begin();
  return make_none().release();
}

// What the limit may still have to say is swallowed here: the task has ended.
PyObject* end_limits(PyObject*, PyObject*) {
  const bool used_up = task_limits::cpu_used_up();
  task_limits::end();
  if (used_up && PyErr_CheckSignals() != 0) PyErr_Clear();
  return make_none().release();
}

PyObject* cpu_used_up(PyObject*, PyObject*) {
  return make_bool(task_limits::cpu_used_up()).release();
}

PyObject* trim_memory(PyObject*, PyObject*) {
  ::malloc_trim(0);
  release_kept_blocks();
  return make_none().release();
}

const PyMethodDef methods[] = {
    {"send_output", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(send_output)),
     METH_FASTCALL, "Tells the agent what a task wrote."},
    {"leave_agent", leave_agent, METH_NOARGS, "Closes a forked child's copy of the channel."},
    {"suggest_client_import", suggest_client_import, METH_NOARGS,
     "Tells the zygote that tasks here use clients."},
    {"suspend", suspend, METH_VARARGS, "The handler of SIGUSR1."},
    {"begin_limits", begin_limits, METH_NOARGS, "From now on the limits of a task hold."},
    {"end_limits", end_limits, METH_NOARGS, "They do not any more."},
    {"cpu_used_up", cpu_used_up, METH_NOARGS, "Whether the task's processor time is used up."},
    {"malloc_trim", trim_memory, METH_NOARGS, "Gives free memory back to the system."}};

}  // namespace

std::span<const PyMethodDef> processor_methods() { return methods; }

void set_output_channel(FrameChannel* channel) { output_channel = channel; }
void set_suggestion_descriptor(int eventfd) { suggestion_descriptor = eventfd; }

}  // namespace scaler::embed
