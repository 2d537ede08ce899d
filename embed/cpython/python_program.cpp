#include "embed/cpython/python_program.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <optional>
#include <system_error>

#include "embed/cpython/configuration.hpp"
#include "embed/cpython/interpreter.hpp"
#include "embed/cpython/native_module.hpp"
#include "embed/cpython/object.hpp"
#include "scaler/base/log.hpp"

namespace scaler::embed {

namespace {

namespace fs = std::filesystem;

constexpr const char* launch_module = "scaler_runtime.launch";
constexpr int exit_failure = 1;
constexpr int exit_usage = 2;

// A program of the user's expects signals as a shell leaves them, not as roles want them.
void restore_signals() {
  std::signal(SIGHUP, SIG_DFL);
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_UNBLOCK, &all, nullptr);
}

fs::path cache_folder() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && *cache == '/') return fs::path(cache) / "scaler";
  const char* home = std::getenv("HOME");
  return fs::path(home != nullptr && *home == '/' ? home : "/nonexistent") / ".cache" / "scaler";
}

// A link to this program under a name that makes it a Python: for sys.executable, which programs
// start again (multiprocessing, subprocess). One for each place of the program; empty where none
// can be made.
std::string own_python() {
  std::error_code failure;
  const fs::path program = fs::read_symlink("/proc/self/exe", failure);
  if (failure) return {};
  const fs::path folder =
      cache_folder() / fmt::format("{:x}", std::hash<std::string>()(program.string()));
  const fs::path link = folder / "python3";
  if (fs::read_symlink(link, failure) == program) return link.string();
  fs::create_directories(folder, failure);
  const fs::path fresh = folder / fmt::format("python3.{}", getpid());
  fs::create_symlink(program, fresh, failure);
  if (failure) return {};
  fs::rename(fresh, link, failure);  // in one step: another process may do the same
  return failure ? std::string() : link.string();
}

Error error_of(const PyStatus& status) {
  return {Errc::system, fmt::format("starting Python: {}",
                                    status.err_msg != nullptr ? status.err_msg : "failed")};
}

// Words as argv: pointers into them.
std::vector<char*> argv_of(std::vector<std::string>& words) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  return argv;
}

// The interpreter as a command: it reads its own options. `ended` is set when one of them was all
// there was to do, as --version is.
Status initialize(std::vector<std::string> words, const std::string& executable,
                  std::optional<int>& ended) {
  words.insert(words.begin(), "python3");
  std::vector<char*> argv = argv_of(words);
  const auto count = static_cast<Py_ssize_t>(words.size());

  PyPreConfig before;
  PyPreConfig_InitPythonConfig(&before);
  PyStatus status = Py_PreInitializeFromBytesArgs(&before, count, argv.data());
  if (PyStatus_Exception(status)) return error_of(status);

  Configuration wanted;
  const InterpreterOptions defaults;
  const std::pair<wchar_t**, const std::string&> texts[] = {
      {&wanted.config.home, defaults.home},
      {&wanted.config.program_name, executable},
      {&wanted.config.executable, executable},
  };
  for (const auto& [field, value] : texts) {
    status = PyConfig_SetBytesString(&wanted.config, field, value.c_str());
    if (PyStatus_Exception(status)) return error_of(status);
  }
  status = PyConfig_SetBytesArgv(&wanted.config, count, argv.data());
  if (!PyStatus_Exception(status)) status = Py_InitializeFromConfig(&wanted.config);
  if (PyStatus_IsExit(status))
    ended = status.exitcode;
  else if (PyStatus_Exception(status))
    return error_of(status);
  return ok();
}

Status prepare(const PythonProgram& program) {
  SCALER_CHECK(install_importer(Precedence::ours_first));
  SCALER_TRY(launch, Object::import(launch_module));
  SCALER_TRY(prepared, launch.call_method("prepare", {make_text(own_python())}));
  if (program.workers < 0) return ok();
  SCALER_TRY(started, launch.call_method("start_cluster", {make_integer(program.workers),
                                                           make_text(program.logging_level)}));
  return ok();
}

int complain(const Error& error) {
  fmt::print(stderr, "scaler: {}\n", error.text);
  return error.code == Errc::usage ? exit_usage : exit_failure;
}

}  // namespace

int run_python_program(const PythonProgram& program) {
  restore_signals();
  log::set_level(log::Level::error);  // which environment is used is no news here
  const Result<std::string> executable = executable_of(program.python_env);
  if (!executable) return complain(executable.error());
  if (!program.python_env.empty())  // for those that the program starts
    setenv("VIRTUAL_ENV", fs::path(*executable).parent_path().parent_path().c_str(), 1);
  register_native_module();
  std::optional<int> ended;
  if (auto started = initialize(program.words, *executable, ended); !started)
    return complain(started.error());
  if (ended) return *ended;
  if (auto prepared = prepare(program); !prepared) {
    const int code = complain(prepared.error());
    Py_FinalizeEx();
    return code;
  }
  return Py_RunMain();
}

}  // namespace scaler::embed
