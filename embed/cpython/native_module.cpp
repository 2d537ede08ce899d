#include "embed/cpython/native_module.hpp"

#include <vector>

#include "embed/carried/carried.hpp"
#include "embed/cpython/processor_methods.hpp"

extern "C" PyObject* PyInit__native();  // embed/native/module.cpp

namespace scaler::embed {

namespace {

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
    PyTuple_SetItem(names.get(), index++, make_text(module.name).release());
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

constexpr PyMethodDef carried_methods[] = {
    {"module_names", module_names, METH_NOARGS, "The names of all carried modules."},
    {"source_of", source_of, METH_O, "The source of a carried module as bytes, or None."},
    {"is_package", is_package, METH_O, "Whether that module is a package."}};

std::vector<PyMethodDef> all_methods() {
  const auto shared = processor_methods();
  std::vector<PyMethodDef> all(shared.begin(), shared.end());
  all.insert(all.end(), std::begin(carried_methods), std::end(carried_methods));
  all.push_back({nullptr, nullptr, 0, nullptr});
  return all;
}

PyObject* create() {
  static std::vector<PyMethodDef> methods = all_methods();
  static PyModuleDef definition = {PyModuleDef_HEAD_INIT,
                                   native_module_name,
                                   "What carried Python code asks of the program around it.",
                                   -1,
                                   methods.data(),
                                   nullptr,
                                   nullptr,
                                   nullptr,
                                   nullptr};
  return PyModule_Create(&definition);
}

}  // namespace

void register_native_module() {
  const bool failed = PyImport_AppendInittab(native_module_name, create) != 0 ||
                      PyImport_AppendInittab("scaler._native", PyInit__native) != 0;
  SCALER_ASSERT(!failed, "no memory for the table of builtin modules");
}

}  // namespace scaler::embed
