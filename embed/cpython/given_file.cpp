#include "embed/cpython/given_file.hpp"

#include <unistd.h>

#include <memory>
#include <utility>

#include "scaler/base/memory_file.hpp"

namespace scaler::embed {

namespace {

class GivenFile final : public Backing {
 public:
  GivenFile(MemoryFile file, std::uint64_t number, FrameChannel& channel)
      : file_(std::move(file)),
        number_(number),
        channel_(channel),
        process_(getpid()),
        forks_before_(forks_so_far()) {}
  ~GivenFile() override {
    file_ = MemoryFile();
    if (getpid() != process_) return;  // a child of a task
    const Bytes frame =
        encode(agent::FromProcessor{agent::FileDone{number_, forks_before_ != forks_so_far()}});
    const ByteView body[] = {frame.view()};
    [[maybe_unused]] const Status sent = channel_.send(body);  // or the agent has gone
  }

 private:
  MemoryFile file_;
  const std::uint64_t number_;
  FrameChannel& channel_;
  const pid_t process_;
  const unsigned forks_before_;
};

}  // namespace

std::optional<Bytes> take_given_file(FrameChannel& channel, const agent::GiveFile& given) {
  auto file = MemoryFile::adopt(channel.take_descriptor(given.inode),
                                static_cast<std::size_t>(given.bytes));
  if (!file) return std::nullopt;
  file->close_descriptor();
  const ByteView view = file->view();
  return Bytes::backed_by(std::make_unique<GivenFile>(std::move(*file), given.number, channel),
                          view)
      .slice(0, static_cast<std::size_t>(given.bytes));
}

}  // namespace scaler::embed
