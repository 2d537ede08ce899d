#include "scaler/config/logging.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "config/log_file.hpp"
#include "config/log_json.hpp"
#include "scaler/base/log.hpp"

using namespace scaler;
using namespace scaler::config;
namespace fs = std::filesystem;

namespace {

// A fresh folder, gone with the test; the process logs as before afterwards.
class LogFolder {
 public:
  LogFolder() {
    char name[] = "/tmp/scaler_log_XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path_ = name;
  }
  ~LogFolder() {
    log::set_sink({});
    log::set_level(log::Level::info);
    fs::remove_all(path_);
  }
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  std::string content(const std::string& name) const {
    std::ifstream stream(path_ / name);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(path_), fs::directory_iterator{}));
  }

 private:
  fs::path path_;
};

LoggingOptions to(std::vector<std::string> paths, log::Level level = log::Level::info) {
  LoggingOptions options;
  options.paths = std::move(paths);
  options.level = level;
  return options;
}

// The texts of lines that begin like "[INFO]2026-01-31 23:59:59+0000: ".
std::vector<std::string> texts(const std::string& content) {
  std::vector<std::string> found;
  std::size_t begin = 0;
  for (std::size_t end; (end = content.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const std::string line = content.substr(begin, end - begin);
    const std::size_t text = line.find(": ");
    found.push_back(text == std::string::npos ? line : line.substr(text + 2));
  }
  return found;
}

std::time_t local_time(int year, int month, int day, int hour, int minute) {
  std::tm local{};
  local.tm_year = year - 1900;
  local.tm_mon = month - 1;
  local.tm_mday = day;
  local.tm_hour = hour;
  local.tm_min = minute;
  local.tm_isdst = -1;
  return std::mktime(&local);
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("every line goes to every path, in the documented form", "[config]") {
  LogFolder folder;
  REQUIRE(install_logging(to({folder.file("a"), folder.file("b")})));
  log::warning("one {}", 1);
  REQUIRE(folder.content("a") == folder.content("b"));
  REQUIRE(folder.content("a").find("[WARN]20") == 0);
  REQUIRE(texts(folder.content("a")) == Texts{"one 1"});
}

TEST_CASE("lines below the level are not written", "[config]") {
  LogFolder folder;
  REQUIRE(install_logging(to({folder.file("a")}, log::Level::error)));
  log::warning("quiet");
  log::error("loud");
  REQUIRE(texts(folder.content("a")) == Texts{"loud"});
}

TEST_CASE("a file is appended to", "[config]") {
  LogFolder folder;
  for (const char* text : {"one", "two"}) {
    REQUIRE(install_logging(to({folder.file("a")})));
    log::info("{}", text);
  }
  REQUIRE(texts(folder.content("a")) == Texts{"one", "two"});
}

TEST_CASE("a missing folder is an error that names the path and changes nothing", "[config]") {
  LogFolder folder;
  REQUIRE(install_logging(to({folder.file("a")})));
  const auto failed = install_logging(to({folder.file("no/such")}));
  REQUIRE(failed.error().text ==
          "cannot log to " + folder.file("no/such") + ": No such file or directory");
  log::info("still here");
  REQUIRE(texts(folder.content("a")) == Texts{"still here"});
}

TEST_CASE("the first lines are the documented ones", "[config]") {
  LogFolder folder;
  const LoggingOptions options = to({folder.file("a")});
  REQUIRE(install_logging(options));
  log_startup_lines(options, "builtin");
  REQUIRE(texts(folder.content("a")) ==
          Texts{"logging to ('" + folder.file("a") + "',)", "use event loop: builtin"});
}

TEST_CASE("the lines that scripts wait for are worded as documented", "[config]") {
  const Address address = *Address::parse("tcp://127.0.0.1:2345");
  REQUIRE(lines::logging_to({"/dev/stdout"}) == "logging to ('/dev/stdout',)");
  REQUIRE(lines::logging_to({"a", "b"}) == "logging to ('a', 'b')");
  REQUIRE(lines::logging_to({}) == "logging to ()");
  REQUIRE(lines::scheduler_listens(address) ==
          "Scheduler: listen to scheduler address tcp://127.0.0.1:2345");
  REQUIRE(lines::scheduler_uses_storage(address) ==
          "Scheduler: connect to object storage server tcp://127.0.0.1:2345");
  REQUIRE(lines::scheduler_monitor_listens(address) ==
          "Scheduler: listen to scheduler monitor address tcp://127.0.0.1:2345");
  REQUIRE(lines::worker_started(3) == "Worker[3] started");
}

TEST_CASE("a component stands before each text", "[config]") {
  LogFolder folder;
  REQUIRE(install_logging(to({folder.file("a")}), "wm-native"));
  log::info("hello");
  REQUIRE(texts(folder.content("a")) == Texts{"wm-native: hello"});
}

TEST_CASE("control characters from a peer do not reach the log", "[config]") {
  LogFolder folder;
  REQUIRE(install_logging(to({folder.file("a")})));
  log::info("{}", std::string_view("a\x1b[2Jb\0c\td", 10));
  REQUIRE(texts(folder.content("a")) == Texts{"a\\x1b[2Jb\\x00c\td"});
}

TEST_CASE("reopening follows a file that was moved away", "[config]") {
  LogFolder folder;
  REQUIRE(install_logging(to({folder.file("a")})));
  log::info("one");
  fs::rename(folder.file("a"), folder.file("moved"));
  log::info("two");
  reopen_logs();
  log::info("three");
  REQUIRE(texts(folder.content("moved")) == Texts{"one", "two"});
  REQUIRE(texts(folder.content("a")) == Texts{"three"});
}

TEST_CASE("lines that could not be written are told, there and on standard error", "[config]") {
  LogFolder folder;
  struct sigaction ignored {};
  ignored.sa_handler = SIG_IGN;
  struct sigaction before {};
  sigaction(SIGXFSZ, &ignored, &before);
  rlimit usual{};
  getrlimit(RLIMIT_FSIZE, &usual);
  const int own_stderr = dup(STDERR_FILENO);
  const int errors = open(folder.file("errors").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  dup2(errors, STDERR_FILENO);
  REQUIRE(install_logging(to({folder.file("a")})));
  log::info("one");
  const rlimit full{fs::file_size(folder.file("a")) + 100, usual.rlim_max};
  setrlimit(RLIMIT_FSIZE, &full);
  log::info("two {}", std::string(500, 'x'));
  log::info("three");
  setrlimit(RLIMIT_FSIZE, &usual);
  log::info("four");
  log::info("five");
  dup2(own_stderr, STDERR_FILENO);
  close(own_stderr);
  close(errors);
  sigaction(SIGXFSZ, &before, nullptr);
  const Texts written = texts(folder.content("a"));
  REQUIRE(written.size() == 5);
  REQUIRE(written[1].find("two xxx") == 0);  // what there was room for
  REQUIRE(written[2] == "four");
  REQUIRE(written[3] == "before this, 2 lines could not be written here");
  REQUIRE(written[4] == "five");
  REQUIRE(folder.content("errors") == "cannot log to " + folder.file("a") +
                                          ": File too large; lines are lost until that ends\n");
}

TEST_CASE("a file that cannot be opened again is written on, and says so", "[config]") {
  LogFolder folder;
  fs::create_directory(folder.file("d"));
  REQUIRE(install_logging(to({folder.file("d/a")})));
  fs::rename(folder.file("d"), folder.file("e"));
  reopen_logs();
  log::info("on");
  const Texts written = texts(folder.content("e/a"));
  REQUIRE(written.size() == 2);
  REQUIRE(written[0].find("cannot log to " + folder.file("d/a") + ": No such file") == 0);
  REQUIRE(written[1] == "on");
}

TEST_CASE("a Python logging file replaces paths and level", "[config]") {
  LogFolder folder;
  std::ofstream(folder.file("l.conf"))
      << "[logger_root]\nlevel=ERROR\nhandlers=f\n[handler_f]\nclass=FileHandler\nargs=('"
      << folder.file("a") << "',)\nformatter=g\n[formatter_g]\nformat=%(levelname)s %(message)s\n";
  LoggingOptions options = to({folder.file("unused")});
  options.config_file = folder.file("l.conf");
  REQUIRE(install_logging(options));
  log::warning("quiet");
  log::error("loud");
  REQUIRE(folder.content("a") == "ERROR loud\n");
  REQUIRE_FALSE(fs::exists(folder.file("unused")));
}

TEST_CASE("a file is set aside under its date when its day is over", "[config]") {
  LogFolder folder;
  const std::time_t evening = local_time(2036, 3, 1, 23, 59);
  auto file = LogFile::open(folder.file("a"), evening);
  REQUIRE(file);
  file->write("old\n", evening);
  file->write("new\n", local_time(2036, 3, 2, 0, 0));
  REQUIRE(folder.content("a.2036-03-01") == "old\n");
  REQUIRE(folder.content("a") == "new\n");
  file->write("newer\n", local_time(2036, 3, 2, 23, 59));
  REQUIRE(folder.content("a") == "new\nnewer\n");
}

TEST_CASE("two writers of one file set it aside once and both go on in the new one", "[config]") {
  LogFolder folder;
  const std::time_t evening = local_time(2036, 3, 1, 23, 59);
  const std::time_t morning = local_time(2036, 3, 2, 0, 1);
  auto one = LogFile::open(folder.file("a"), evening);
  auto two = LogFile::open(folder.file("a"), evening);
  one->write("1 old\n", evening);
  two->write("2 old\n", evening);
  one->write("1 new\n", morning);
  two->write("2 new\n", morning);
  REQUIRE(folder.content("a.2036-03-01") == "1 old\n2 old\n");
  REQUIRE(folder.content("a") == "1 new\n2 new\n");
  REQUIRE(folder.files() == 2);
}

TEST_CASE("setting aside overwrites nothing", "[config]") {
  LogFolder folder;
  std::ofstream(folder.file("a.2036-03-01")) << "kept\n";
  auto file = LogFile::open(folder.file("a"), local_time(2036, 3, 1, 12, 0));
  file->write("old\n", local_time(2036, 3, 1, 12, 0));
  file->write("new\n", local_time(2036, 3, 2, 12, 0));
  REQUIRE(folder.content("a.2036-03-01") == "kept\n");
  REQUIRE(folder.content("a.2036-03-01.1") == "old\n");
}

TEST_CASE("a path's home and variables are expanded", "[config]") {
  setenv("HOME", "/home/me", 1);
  setenv("SCALER_TEST_DIR", "/logs", 1);
  unsetenv("SCALER_TEST_NONE");
  REQUIRE(expand_path("-") == "/dev/stdout");
  REQUIRE(expand_path("~/a") == "/home/me/a");
  REQUIRE(expand_path("~user/a") == "~user/a");
  REQUIRE(expand_path("$SCALER_TEST_DIR/a") == "/logs/a");
  REQUIRE(expand_path("${SCALER_TEST_DIR}x") == "/logsx");
  REQUIRE(expand_path("/a/$SCALER_TEST_NONE/b$") == "/a/$SCALER_TEST_NONE/b$");
  REQUIRE(expand_path("${SCALER_TEST_DIR") == "${SCALER_TEST_DIR");
}

TEST_CASE("a line may be one JSON object, whatever bytes its text holds", "[config]") {
  LogFolder folder;
  LoggingOptions options = to({folder.file("a")});
  options.format = LogFormat::json;
  REQUIRE(install_logging(options, "store"));
  log::warning("a \"quoted\" text\nof two lines \xff");
  const std::string line = folder.content("a");
  REQUIRE(std::count(line.begin(), line.end(), '\n') == 1);
  REQUIRE(line.find("{\"time\":\"20") == 0);
  const std::string rest = fmt::format(
      "\"level\":\"WARNING\",\"component\":\"store\",\"pid\":{},\"message\":\"a "
      "\\\"quoted\\\" text\\nof two lines \xef\xbf\xbd\"}}\n",
      getpid());
  REQUIRE(line.substr(line.find("\"level\"")) == rest);
}

TEST_CASE("times are local or UTC, always with their offset", "[config]") {
  setenv("TZ", "IST-5:30", 1);
  tzset();
  const std::timespec at{86400, 7'000'000};
  using log::Zone;
  REQUIRE(log::format_line(log::Level::info, "x", at.tv_sec, Zone::local) ==
          "[INFO]1970-01-02 05:30:00+0530: x");
  REQUIRE(log::format_line(log::Level::info, "x", at.tv_sec, Zone::utc) ==
          "[INFO]1970-01-02 00:00:00+0000: x");
  REQUIRE(json_line({log::Level::info, "x", "", Zone::local, at})
              .starts_with("{\"time\":\"1970-01-02T05:30:00.007+05:30\""));
  REQUIRE(json_line({log::Level::info, "x", "", Zone::utc, at})
              .starts_with("{\"time\":\"1970-01-02T00:00:00.007+00:00\""));
  unsetenv("TZ");
  tzset();
}
