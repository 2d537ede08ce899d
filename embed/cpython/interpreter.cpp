#include "embed/cpython/interpreter.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "embed/carried/carried.hpp"
#include "embed/cpython/configuration.hpp"
#include "embed/cpython/native_module.hpp"
#include "embed/cpython/object.hpp"
#include "embed/cpython/processor_methods.hpp"
#include "embed/cpython/python_memory.hpp"
#include "scaler/base/log.hpp"

namespace scaler::embed {

namespace {

constexpr const char* system_python = "/usr/bin/python3";
bool started = false;  // CPython's own state is one per process, and so is this

bool exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

// Empty if `folder` is a virtual environment for our version; else what is wrong with it.
std::string fault_of_environment(const std::string& folder) {
  if (!exists(folder + "/pyvenv.cfg")) return "is not a virtual environment (no pyvenv.cfg)";
  if (!exists(folder + "/bin/python")) return "has no bin/python";
  const std::string packages =
      fmt::format("/lib/python{}.{}/site-packages", PY_MAJOR_VERSION, PY_MINOR_VERSION);
  if (!exists(folder + packages))
    return fmt::format("is not for Python {}.{} (no {})", PY_MAJOR_VERSION, PY_MINOR_VERSION,
                       packages.substr(1));
  return {};
}

Error error_of(const PyStatus& status, const char* doing) {
  return {Errc::system, fmt::format("starting Python: {}: {}", doing,
                                    status.err_msg != nullptr ? status.err_msg : "failed")};
}

Status set(Configuration& wanted, wchar_t* PyConfig::*field, const std::string& value,
           const char* doing) {
  const PyStatus status =
      PyConfig_SetBytesString(&wanted.config, &(wanted.config.*field), value.c_str());
  if (PyStatus_Exception(status)) return error_of(status, doing);
  return ok();
}

Status initialize(const InterpreterOptions& options, const std::string& executable) {
  PyPreConfig before;
  PyPreConfig_InitPythonConfig(&before);
  before.utf8_mode = 1;
  before.parse_argv = 0;
  PyStatus status = Py_PreInitialize(&before);
  if (PyStatus_Exception(status)) return error_of(status, "preparing");
  give_python_large_blocks();

  Configuration wanted;
  wanted.config.parse_argv = 0;
  wanted.config.install_signal_handlers = 0;
  SCALER_CHECK(set(wanted, &PyConfig::home, options.home, "home"));
  SCALER_CHECK(set(wanted, &PyConfig::program_name, executable, "program name"));
  SCALER_CHECK(set(wanted, &PyConfig::executable, executable, "executable"));
  status = Py_InitializeFromConfig(&wanted.config);
  if (PyStatus_Exception(status)) return error_of(status, "initializing");
  return ok();
}

}  // namespace

// Runs scaler_importer.py, the one carried module that cannot be imported.
Status install_importer(Precedence precedence) {
  const CarriedModule* importer = find_carried("scaler_importer");
  SCALER_ASSERT(importer != nullptr, "scaler_importer.py is not carried");
  SCALER_TRY(code, checked(Py_CompileString(std::string(importer->source).c_str(),
                                            "<scaler>/scaler_importer.py", Py_file_input)));
  SCALER_TRY(module, checked(PyImport_ExecCodeModule("scaler_importer", code.get())));
  SCALER_TRY(native, Object::import(native_module_name));
  SCALER_TRY(loader, module.call_method("install",
                                        {native, make_bool(precedence == Precedence::ours_first)}));
  return ok();
}

Result<std::string> executable_of(const std::string& python_env) {
  if (!python_env.empty()) {
    const std::string fault = fault_of_environment(python_env);
    if (!fault.empty()) return Error{Errc::usage, python_env + " " + fault};
    return std::filesystem::absolute(python_env).string() + "/bin/python";
  }
  const char* active = std::getenv("VIRTUAL_ENV");
  if (active == nullptr || *active == '\0') return std::string(system_python);
  const std::string fault = fault_of_environment(active);
  if (fault.empty()) return std::string(active) + "/bin/python";
  if (!exists(active))
    return Error{Errc::usage, fmt::format("VIRTUAL_ENV: {} does not exist", active)};
  log::warning("VIRTUAL_ENV is not used: {} {}", active, fault);
  return std::string(system_python);
}

Result<Interpreter> Interpreter::start(const InterpreterOptions& options) {
  SCALER_ASSERT(!started, "one interpreter per process, and once");
  SCALER_TRY(executable, executable_of(options.python_env));
  if (!exists(fmt::format("{}/lib/python{}.{}/os.py", options.home, PY_MAJOR_VERSION,
                          PY_MINOR_VERSION)))
    return Error{
        Errc::usage,
        fmt::format("no standard library of Python {}.{} under {}/lib: install the package "
                    "libpython{}.{}-stdlib",
                    PY_MAJOR_VERSION, PY_MINOR_VERSION, options.home, PY_MAJOR_VERSION,
                    PY_MINOR_VERSION)};
  started = true;
  register_native_module();
  SCALER_CHECK(initialize(options, executable));
  SCALER_CHECK(install_importer(Precedence::installed_first));
  return Interpreter();
}

Interpreter::Interpreter(Interpreter&& other) noexcept
    : running_(std::exchange(other.running_, false)) {}

Interpreter::~Interpreter() { stop(); }

bool Interpreter::stop() {
  if (!std::exchange(running_, false)) return true;
  return Py_FinalizeEx() == 0;
}

std::string Interpreter::version() { return PY_VERSION; }

}  // namespace scaler::embed

#if defined(__SANITIZE_ADDRESS__)
// The leak checker asks for them by these names. Here, because every program that embeds Python
// links this file.
extern "C" const char scaler_lsan_suppressions[];
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return scaler_lsan_suppressions; }
extern "C" const char* __lsan_default_options();
extern "C" const char* __lsan_default_options() { return "print_suppressions=0"; }
#endif
