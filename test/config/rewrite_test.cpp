#include "config/rewrite.hpp"

#include <catch2/catch.hpp>

#include "config/tables.hpp"
#include "fake_machine.hpp"

using namespace scaler;
using namespace scaler::config;
using test::words;

namespace {

const Table& native() { return *manager_table("baremetal_native"); }

std::vector<std::string> rewritten(const Table& table, const std::vector<std::string>& line) {
  auto result = rewrite(table, line);
  INFO((result ? "" : result.error().text));
  REQUIRE(result);
  REQUIRE_FALSE(result->help);
  return result->words;
}

std::string refusal(const Table& table, const std::vector<std::string>& line) {
  auto result = rewrite(table, line);
  REQUIRE_FALSE(result);
  REQUIRE(result.error().code == Errc::usage);
  return result.error().text;
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("options and positionals may be mixed freely", "[config]") {
  const Words wanted{"--client-timeout-seconds=5", "--protected=true", "--", "tcp://a:1"};
  REQUIRE(rewritten(scheduler_table(), words("tcp://a:1 -ct 5 --protected")) == wanted);
  REQUIRE(rewritten(scheduler_table(), words("-ct 5 tcp://a:1 --protected")) == wanted);
  REQUIRE(rewritten(scheduler_table(), words("-ct 5 --protected tcp://a:1")) == wanted);
}

TEST_CASE("a value stands in the next word or behind an equals sign", "[config]") {
  const Words wanted{"--client-timeout-seconds=5", "--"};
  REQUIRE(rewritten(scheduler_table(), words("--client-timeout-seconds 5")) == wanted);
  REQUIRE(rewritten(scheduler_table(), words("--client-timeout-seconds=5")) == wanted);
  REQUIRE(rewritten(scheduler_table(), words("-ct=5")) == wanted);
  REQUIRE(rewritten(scheduler_table(), {"--policy-content=a=b; c=d"}) ==
          Words{"--policy-content=a=b; c=d", "--"});
}

TEST_CASE("a value glued to a one-dash word is refused", "[config]") {
  REQUIRE(refusal(scheduler_table(), words("-ct5")).find("unknown option -ct5") == 0);
  REQUIRE(refusal(scheduler_table(), words("-osatcp://a:1")).find("unknown option -osatcp") == 0);
}

TEST_CASE("a unique prefix of a long or short name is that name", "[config]") {
  REQUIRE(rewritten(scheduler_table(), words("--client 5")) ==
          Words{"--client-timeout-seconds=5", "--"});
  REQUIRE(rewritten(scheduler_table(), words("--prot")) == Words{"--protected=true", "--"});
  REQUIRE(rewritten(scheduler_table(), words("-lb 3")) ==
          Words{"--load-balance-trigger-times=3", "--"});
  REQUIRE(rewritten(native(), words("-wm x")) == Words{"--worker-manager-id=x", "--"});
}

TEST_CASE("an exact name is no prefix of a longer one", "[config]") {
  REQUIRE(rewritten(scheduler_table(), words("-p")) == Words{"--protected=true", "--"});
  REQUIRE(rewritten(scheduler_table(), words("-c f.toml")) == Words{"--config=f.toml", "--"});
}

TEST_CASE("an ambiguous prefix names all that it could mean", "[config]") {
  REQUIRE(refusal(scheduler_table(), words("--load 1")) ==
          "--load is ambiguous: --load-balance-seconds, --load-balance-trigger-times");
  REQUIRE(refusal(scheduler_table(), words("-o x")) == "-o is ambiguous: -osa, -ot");
}

TEST_CASE("two spellings of one option are not ambiguous", "[config]") {
  // -ds and -dt are older words for -dts.
  REQUIRE(rewritten(native(), words("-d 9")) == Words{"--death-timeout-seconds=9", "--"});
}

TEST_CASE("older short words mean what they meant", "[config]") {
  REQUIRE(rewritten(scheduler_table(), words("-e uvloop")) == Words{"--event-loop=uvloop", "--"});
  REQUIRE(rewritten(scheduler_table(), words("-lc f")) == Words{"--logging-config-file=f", "--"});
  REQUIRE(rewritten(native(), words("-ds 1 -hi 2 -tt 3 -wit 4 -n 5")) ==
          Words{"--death-timeout-seconds=1", "--heartbeat-interval-seconds=2",
                "--task-timeout-seconds=3", "--io-threads=4", "--max-task-concurrency=5", "--"});
  REQUIRE(rewritten(*manager_table("aws_hpc"), words("-n 5")) == Words{"--name=5", "--"});
  REQUIRE(rewritten(scheduler_table(), words("--adapter-webhook-url http://h")) ==
          Words{"--adapter-webhook-urls=http://h", "--"});
}

TEST_CASE("a list takes every word up to the next option", "[config]") {
  REQUIRE(rewritten(scheduler_table(), words("-lp a b - -ct 5 tcp://a:1")) ==
          Words{"--logging-paths=a", "--logging-paths=b", "--logging-paths=-",
                "--client-timeout-seconds=5", "--", "tcp://a:1"});
  REQUIRE(rewritten(scheduler_table(), words("-lp a tcp://a:1")) ==
          Words{"--logging-paths=a", "--logging-paths=tcp://a:1", "--"});
  REQUIRE(rewritten(scheduler_table(), words("-lp a -- tcp://a:1")) ==
          Words{"--logging-paths=a", "--", "tcp://a:1"});
}

TEST_CASE("a list without a word is an empty list", "[config]") {
  REQUIRE(rewritten(scheduler_table(), words("tcp://a:1 -lp")) ==
          Words{"--logging-paths=", "--", "tcp://a:1"});
}

TEST_CASE("a flag takes the next word only when it is true or false", "[config]") {
  REQUIRE(rewritten(scheduler_table(), words("-p False tcp://a:1")) ==
          Words{"--protected=False", "--", "tcp://a:1"});
  REQUIRE(rewritten(scheduler_table(), words("-p TRUE")) == Words{"--protected=TRUE", "--"});
  REQUIRE(rewritten(scheduler_table(), words("-p tcp://a:1")) ==
          Words{"--protected=true", "--", "tcp://a:1"});
  REQUIRE(rewritten(scheduler_table(), words("--protected=false")) ==
          Words{"--protected=false", "--"});
}

TEST_CASE("a negative number is a value", "[config]") {
  REQUIRE(rewritten(native(), words("-mtc -1")) == Words{"--max-task-concurrency=-1", "--"});
  REQUIRE(rewritten(native(), words("--max-task-concurrency=-1")) ==
          Words{"--max-task-concurrency=-1", "--"});
}

TEST_CASE("an option is never taken for another option's value", "[config]") {
  REQUIRE(refusal(scheduler_table(), words("-ct --protected")) ==
          "--client-timeout-seconds: a value is missing (a whole number of seconds, at least 1)");
  REQUIRE(refusal(scheduler_table(), words("-osa")).find("--object-storage-address: a value") == 0);
}

TEST_CASE("words behind two dashes are positionals whatever they look like", "[config]") {
  REQUIRE(rewritten(scheduler_table(), words("-ct 5 -- --protected -p")) ==
          Words{"--client-timeout-seconds=5", "--", "--protected", "-p"});
}

TEST_CASE("an unknown option names the nearest known one", "[config]") {
  REQUIRE(refusal(scheduler_table(), words("--client-timout-seconds 5")) ==
          "unknown option --client-timout-seconds (did you mean --client-timeout-seconds?)");
  REQUIRE(refusal(scheduler_table(), words("--zzzzzz")) ==
          "unknown option --zzzzzz (--help lists them all)");
  REQUIRE(refusal(scheduler_table(), {"--a\n\x1b[0m"}) ==
          "unknown option --a\\n\\x1b[0m (--help lists them all)");
}

TEST_CASE("help ends the reading, but not behind a mistake", "[config]") {
  for (const char* line : {"-h", "--help", "tcp://a:1 -ct 5 -h --nonsense", "-lp a --help"}) {
    auto result = rewrite(scheduler_table(), words(line));
    REQUIRE(result);
    REQUIRE(result->help);
  }
  REQUIRE(refusal(scheduler_table(), words("--nonsense -h")).find("unknown option") == 0);
}

TEST_CASE("a worker manager's kind may stand anywhere", "[config]") {
  for (const char* line :
       {"symphony -c f tcp://a:1", "-c f symphony tcp://a:1", "-c f tcp://a:1 symphony"}) {
    auto line_words = words(line);
    REQUIRE(take_kind(manager_tables(), line_words) == "symphony");
    REQUIRE(line_words == words("-c f tcp://a:1"));
  }
}

TEST_CASE("an option's value is no kind even when it reads like one", "[config]") {
  auto line = words("-wmi symphony -p --worker-type aws_hpc baremetal_native tcp://a:1");
  REQUIRE(take_kind(manager_tables(), line) == "baremetal_native");
  REQUIRE(line == words("-wmi symphony -p --worker-type aws_hpc tcp://a:1"));
}

TEST_CASE("without a kind the first word that is no address is reported as one", "[config]") {
  auto line = words("tcp://a:1 baremetal -c f");
  REQUIRE(take_kind(manager_tables(), line) == "baremetal");
  auto none = words("-c f");
  REQUIRE(take_kind(manager_tables(), none).empty());
}
