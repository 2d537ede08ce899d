#include "config/log_conf.hpp"

#include <catch2/catch.hpp>

using namespace scaler;
using namespace scaler::config;

namespace {

LogConf conf_of(std::string_view text) {
  auto result = parse_log_conf("l.conf", text);
  INFO((result ? "" : result.error().text));
  REQUIRE(result);
  return std::move(*result);
}

std::string refusal(std::string_view text) {
  auto result = parse_log_conf("l.conf", text);
  REQUIRE_FALSE(result);
  return result.error().text;
}

const std::string usual =
    "[loggers]\nkeys=root\n[handlers]\nkeys=console,file\n[formatters]\nkeys=plain\n"
    "[logger_root]\nlevel=DEBUG\nhandlers=console,file\n"
    "[handler_console]\nclass=StreamHandler\nargs=(sys.stdout,)\nlevel=WARNING\nformatter=plain\n"
    "[handler_file]\nclass=handlers.TimedRotatingFileHandler\nargs=('/tmp/a.log', 'midnight')\n"
    "[formatter_plain]\nformat=%(levelname)-8s|%(message)s\n";

}  // namespace

TEST_CASE("the root logger's level and handlers are honoured", "[config]") {
  const LogConf conf = conf_of(usual);
  REQUIRE(conf.level == log::Level::debug);
  REQUIRE(conf.targets.size() == 2);
  REQUIRE(conf.targets[0].path == "/dev/stdout");
  REQUIRE(conf.targets[0].level == log::Level::warning);
  REQUIRE(conf.targets[0].pattern->render(log::Level::warning, "hot", 0) == "WARNING |hot");
  REQUIRE(conf.targets[1].path == "/tmp/a.log");
  REQUIRE_FALSE(conf.targets[1].pattern);
  REQUIRE(conf.warnings.empty());
}

TEST_CASE("what a logging file asks beyond that is a warning with its line", "[config]") {
  const LogConf conf = conf_of(
      "[logger_root]\nhandlers=mail,size\n[handler_mail]\nclass=handlers.SMTPHandler\n"
      "[handler_size]\nclass=handlers.RotatingFileHandler\nargs=('a', 'a', 10)\n[logger_other]\n");
  REQUIRE(conf.targets.size() == 1);
  REQUIRE(conf.warnings ==
          std::vector<std::string>{
              "l.conf:4: handler class handlers.SMTPHandler is not supported, ignored",
              "l.conf:6: files are set aside at midnight, not by size",
              "l.conf:8: [logger_other] is ignored, only the root logger counts"});
}

TEST_CASE("a field that only Python knows prints as a dash and is told", "[config]") {
  const LogConf conf = conf_of(
      "[logger_root]\nhandlers=c\n[handler_c]\nclass=StreamHandler\nargs=(sys.stderr,)\nformatter="
      "f\n"
      "[formatter_f]\nformat=%(funcName)s %(message)s 100%%\n");
  REQUIRE(conf.targets[0].path == "/dev/stderr");
  REQUIRE(conf.targets[0].pattern->render(log::Level::info, "x", 0) == "- x 100%");
  REQUIRE(conf.warnings ==
          std::vector<std::string>{"l.conf:8: field funcName is not known here and prints as -"});
}

TEST_CASE("a broken logging file is refused with its line", "[config]") {
  REQUIRE(refusal("[logger_root]\nlevel=LOUD\n").find("l.conf:2: level 'LOUD' is not allowed") ==
          0);
  REQUIRE(refusal("[logger_root]\nhandlers=x\n") == "l.conf:2: no class in [handler_x]");
  REQUIRE(refusal("[logger_root\n") == "l.conf:1: a section header without its ]");
  REQUIRE(refusal("text\n").find("l.conf:1: neither a [section]") == 0);
  REQUIRE(refusal("") == "l.conf: no [logger_root] section");
}

TEST_CASE("a hostile format neither hangs nor grows without bound", "[config]") {
  REQUIRE(LogPattern("%(message)999999999s").render(log::Level::info, "x", 0).size() == 200);
  REQUIRE(LogPattern("%(message").render(log::Level::info, "x", 0) == "%(message");
  REQUIRE(LogPattern("%").render(log::Level::info, "x", 0) == "%");
  REQUIRE(LogPattern("%%%(").unknown_field().empty());
}
