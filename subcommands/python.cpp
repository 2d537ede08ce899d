#include <charconv>

#include "embed/cpython/python_program.hpp"
#include "scaler/config/words.hpp"
#include "subcommands/commands.hpp"
#include "subcommands/output.hpp"

// Users' own programs in the embedded interpreter.
namespace scaler::subcommands {
namespace {

constexpr std::string_view command = "scaler run";
constexpr int workers_max = 10'000;
constexpr std::string_view python_usage =
    "usage: scaler run [options] SCRIPT [ARGUMENT ...]\n"
    "       scaler run [options] -m MODULE [ARGUMENT ...]\n"
    "       scaler run [options] -c CODE [ARGUMENT ...]\n\n"
    "Runs a Python program in the embedded interpreter, where 'from scaler import Client' "
    "works.\n\n"
    "  -h, --help\n"
    "      show this text\n"
    "  -w, --workers N\n"
    "      start object storage, a scheduler and N workers for this program, and stop them after "
    "it\n"
    "      (0: no worker); the program finds them by Client() without an address\n"
    "  -a, --address ADDRESS\n"
    "      the scheduler that Client() without an address connects to [default: SCALER_ADDRESS of "
    "the\n"
    "      environment]\n"
    "  --python-env TEXT\n"
    "      folder of the virtual environment whose packages the program and its workers import\n"
    "      [default: the active virtual environment]\n"
    "  -ll, --logging-level CRITICAL|ERROR|WARNING|INFO|DEBUG|NOTSET\n"
    "      what --workers N write to standard error [default: WARNING]\n";

struct Wanted {
  embed::PythonProgram program;
  std::string address;
  bool help = false;
};

Result<int> workers_of(const std::string& value) {
  int workers = -1;
  const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), workers);
  if (failure != std::errc{} || end != value.data() + value.size() || workers < 0 ||
      workers > workers_max)
    return misuse(fmt::format("--workers: not a number of workers: '{}' (0 to {})",
                              config::printable(value), workers_max));
  return workers;
}

Status set_level(Wanted& wanted, const std::string& value) {
  constexpr std::string_view levels[] = {"CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG", "NOTSET"};
  for (const std::string_view level : levels)
    if (value == level) {
      wanted.program.logging_level = value;
      return ok();
    }
  return misuse(fmt::format(
      "--logging-level: unknown level '{}' (one of CRITICAL, ERROR, WARNING, INFO, DEBUG, NOTSET)",
      config::printable(value)));
}

Status set_option(Wanted& wanted, std::string_view name, const std::string& value) {
  if (name == "-w" || name == "--workers") {
    SCALER_TRY(workers, workers_of(value));
    wanted.program.workers = workers;
    return ok();
  }
  if (name == "-ll" || name == "--logging-level") return set_level(wanted, value);
  if (name == "-a" || name == "--address")
    wanted.address = value;
  else if (name == "--python-env")
    wanted.program.python_env = value;
  else
    return misuse(
        fmt::format("unknown option '{}' ('scaler run --help' lists them; options of the "
                    "program come after its name)",
                    config::printable(name)));
  return ok();
}

// Options end at the program: a word without a dash, -m, -c or -- (then comes the program).
Result<Wanted> parse(const std::vector<std::string>& words) {
  Wanted wanted;
  wanted.program.logging_level = "WARNING";
  std::size_t index = 0;
  while (index < words.size() && words[index].starts_with('-') && words[index] != "-m" &&
         words[index] != "-c" && words[index] != "-") {
    const std::string& word = words[index++];
    if (word == "--") break;
    if (word == "-h" || word == "--help") {
      wanted.help = true;
      return wanted;
    }
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    if (equals == std::string::npos && index == words.size())
      return misuse(fmt::format("{} needs a value", config::printable(name)));
    SCALER_CHECK(set_option(
        wanted, name, equals == std::string::npos ? words[index++] : word.substr(equals + 1)));
  }
  wanted.program.words.assign(words.begin() + static_cast<std::ptrdiff_t>(index), words.end());
  if (wanted.program.words.empty())
    return misuse("no program is given: scaler run SCRIPT [ARGUMENT ...]");
  if (wanted.program.workers >= 0 && !wanted.address.empty())
    return misuse("--workers starts a scheduler and --address names one: give one of them");
  return wanted;
}

}  // namespace

int run_user_program(const Arguments& arguments) {
  const Result<Wanted> wanted = parse(arguments.words());
  if (!wanted) return complain(command, wanted.error());
  if (wanted->help) return print(python_usage);
  if (!wanted->address.empty()) setenv("SCALER_ADDRESS", wanted->address.c_str(), 1);
  return embed::run_python_program(wanted->program);
}

int run_python(const Arguments& arguments) {
  embed::PythonProgram program;
  program.words = arguments.words();
  return embed::run_python_program(program);
}

}  // namespace scaler::subcommands
