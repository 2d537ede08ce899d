#pragma once

#include <vector>

#include "embed/native/python_api.hpp"
#include "scaler/base/bytes.hpp"

namespace scaler::native {

// From this size on a pickle is written to and read from memory of ours piece by piece: large
// buffers within it are then copied once, on large pages, while other Python threads run. dumps()
// and loads() would copy them several times with the GIL held. The bytes are the same.
constexpr std::size_t large_pickle_bytes = std::size_t{1} << 20;
// What is larger is copied while other Python threads run.
constexpr std::size_t copied_with_gil_max = std::size_t{1} << 20;

// A pickle in the order of its bytes: small pieces as copies, large buffers as they lie in the
// pickled object, which keeps them while this lives. All with the GIL, but for looking at views.
class PickleParts {
 public:
  PickleParts() = default;
  PickleParts(const PickleParts&) = delete;
  PickleParts& operator=(const PickleParts&) = delete;
  ~PickleParts();

  bool keep(const Py_buffer& view);  // takes it over, unless there is no memory: false
  bool copy(ByteView bytes);
  bool empty() const { return pieces_.empty(); }
  std::vector<ByteView> views() const;

 private:
  struct Piece {
    bool kept;
    Py_buffer view;     // kept
    std::size_t begin;  // else in small_
    std::size_t bytes;
  };
  Buffer small_;
  std::vector<Piece> pieces_;
};

// What `pickler_type(file, protocol).dump(object)` writes, and the default serializer's stamp if it
// is not pickle's own and writes code by value. False with an exception set.
bool dump_into(PyObject* pickler_type, PyObject* object, PickleParts& parts);

// The object of a pickle of protocol 4 or later; others read in pieces too small for this.
bool reads_in_pieces(ByteView pickle);
PyObject* load_in_pieces(const Bytes& pickle);  // a new reference, or null with an exception set

int add_pickling_types();  // -1 with an exception set

}  // namespace scaler::native
