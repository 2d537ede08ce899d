#include <vector>

#include "embed/cpython/processor_methods.hpp"
#include "embed/cpython/zygote.hpp"

// `_scaler_native` for interpreters that are not the program's own: the processor's functions, and
// the zygote's whole life as one call.
namespace scaler::embed {

namespace {

// run_zygote(words: list[str]) -> exit code, in the zygote and in each processor that it forks
PyObject* run(PyObject*, PyObject* words) {
  std::vector<std::string> texts{"zygote"};
  const Py_ssize_t count = PyList_Check(words) ? PyList_Size(words) : 0;
  for (Py_ssize_t i = 0; i < count; ++i) {
    auto text = Object::borrow(PyList_GetItem(words, i)).text();
    if (!text) {
      PyErr_SetString(PyExc_TypeError, "run_zygote(words: list of str)");
      return nullptr;
    }
    texts.push_back(std::move(*text));
  }
  std::vector<const char*> argv;
  for (const std::string& text : texts) argv.push_back(text.c_str());
  const auto options = parse_zygote_options(static_cast<int>(argv.size()), argv.data());
  if (!options) {
    PyErr_SetString(PyExc_ValueError, options.error().text.c_str());
    return nullptr;
  }
  const int exit_code = run_zygote(*options, []() -> Result<std::function<void()>> {
    return std::function<void()>([] {});  // it runs already, and ends itself
  });
  return PyLong_FromLong(exit_code);
}

std::vector<PyMethodDef> all_methods() {
  const auto shared = processor_methods();
  std::vector<PyMethodDef> all(shared.begin(), shared.end());
  all.push_back({"run_zygote", run, METH_O, "Forks processors until the agent hangs up."});
  all.push_back({nullptr, nullptr, 0, nullptr});
  return all;
}

}  // namespace

// Buffers of other interpreters cannot be exported through the limited API of 3.8: one copy.
Object make_payload(const Bytes& bytes) { return make_bytes(bytes); }

}  // namespace scaler::embed

PyMODINIT_FUNC PyInit__scaler_native() {
  static std::vector<PyMethodDef> methods = scaler::embed::all_methods();
  static PyModuleDef definition = {PyModuleDef_HEAD_INIT,
                                   scaler::embed::native_module_name,
                                   "What a processor asks of the program that started it.",
                                   -1,
                                   methods.data(),
                                   nullptr,
                                   nullptr,
                                   nullptr,
                                   nullptr};
  return PyModule_Create(&definition);
}
