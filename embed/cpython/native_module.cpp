#include "embed/cpython/native_module.hpp"

#include <malloc.h>
#include <unistd.h>

#include "embed/carried/carried.hpp"
#include "embed/cpython/frame_channel.hpp"
#include "embed/cpython/gil.hpp"
#include "embed/cpython/processor_signals.hpp"
#include "embed/cpython/task_limits.hpp"
#include "scaler/agent/channel_protocol.hpp"

extern "C" PyObject* PyInit__native();  // embed/native/module.cpp

namespace scaler::embed {

namespace {

FrameChannel* output_channel = nullptr;
int suggestion_descriptor = -1;

// The carried module that a str names; nullptr with an exception if it is no str, without if there
// is none.
const CarriedModule* module_named(PyObject* name) {
  Py_ssize_t size = 0;
  const char* utf8 = PyUnicode_AsUTF8AndSize(name, &size);
  return utf8 == nullptr ? nullptr : find_carried({utf8, static_cast<std::size_t>(size)});
}

PyObject* module_names(PyObject*, PyObject*) {
  const auto table = carried_modules();
  Object names = Object::steal(PyTuple_New(static_cast<Py_ssize_t>(table.size())));
  if (!names) return nullptr;
  Py_ssize_t index = 0;
  for (const CarriedModule& module : table)
    PyTuple_SET_ITEM(names.get(), index++, make_text(module.name).release());
  return names.release();
}

PyObject* source_of(PyObject*, PyObject* name) {
  const CarriedModule* module = module_named(name);
  if (module != nullptr) return make_bytes(as_bytes(module->source)).release();
  return PyErr_Occurred() != nullptr ? nullptr : make_none().release();
}

PyObject* is_package(PyObject*, PyObject* name) {
  const CarriedModule* module = module_named(name);
  if (PyErr_Occurred() != nullptr) return nullptr;
  return make_bool(module != nullptr && module->is_package).release();
}

// send_output(task_id: bytes, is_stderr: bool, text: str)
PyObject* send_output(PyObject*, PyObject* const* arguments, Py_ssize_t count) {
  if (count != 3 || !PyBytes_Check(arguments[0]) || !PyUnicode_Check(arguments[2])) {
    PyErr_SetString(PyExc_TypeError, "send_output(task_id: bytes, is_stderr: bool, text: str)");
    return nullptr;
  }
  const auto id = TaskId::from(as_bytes(
      {PyBytes_AS_STRING(arguments[0]), static_cast<std::size_t>(PyBytes_GET_SIZE(arguments[0]))}));
  const Object text =
      Object::steal(PyUnicode_AsEncodedString(arguments[2], "utf-8", "backslashreplace"));
  if (!text) return nullptr;
  if (!id || output_channel == nullptr) {
    PyErr_SetString(PyExc_ValueError, !id ? "not a task id" : "no agent to send output to");
    return nullptr;
  }
  agent::TaskOutput output{*id, PyObject_IsTrue(arguments[1]) == 1,
                           std::string(PyBytes_AS_STRING(text.get()),
                                       static_cast<std::size_t>(PyBytes_GET_SIZE(text.get())))};
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
  return make_none().release();
}

PyMethodDef methods[] = {
    {"module_names", module_names, METH_NOARGS, "The names of all carried modules."},
    {"source_of", source_of, METH_O, "The source of a carried module as bytes, or None."},
    {"is_package", is_package, METH_O, "Whether that module is a package."},
    {"send_output", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(send_output)),
     METH_FASTCALL, "Tells the agent what a task wrote."},
    {"leave_agent", leave_agent, METH_NOARGS, "Closes a forked child's copy of the channel."},
    {"suggest_client_import", suggest_client_import, METH_NOARGS,
     "Tells the zygote that tasks here use clients."},
    {"suspend", suspend, METH_VARARGS, "The handler of SIGUSR1."},
    {"begin_limits", begin_limits, METH_NOARGS, "From now on the limits of a task hold."},
    {"end_limits", end_limits, METH_NOARGS, "They do not any more."},
    {"cpu_used_up", cpu_used_up, METH_NOARGS, "Whether the task's processor time is used up."},
    {"malloc_trim", trim_memory, METH_NOARGS, "Gives free memory back to the system."},
    {nullptr, nullptr, 0, nullptr}};

PyModuleDef definition = {PyModuleDef_HEAD_INIT,
                          native_module_name,
                          "What carried Python code asks of the program around it.",
                          -1,
                          methods,
                          nullptr,
                          nullptr,
                          nullptr,
                          nullptr};

PyObject* create() { return PyModule_Create(&definition); }

}  // namespace

void register_native_module() {
  const bool failed = PyImport_AppendInittab(native_module_name, create) != 0 ||
                      PyImport_AppendInittab("scaler._native", PyInit__native) != 0;
  SCALER_ASSERT(!failed, "no memory for the table of builtin modules");
}

void set_output_channel(FrameChannel* channel) { output_channel = channel; }
void set_suggestion_descriptor(int eventfd) { suggestion_descriptor = eventfd; }

}  // namespace scaler::embed
