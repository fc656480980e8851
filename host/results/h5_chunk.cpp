#include "host/results/h5_chunk.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <new>

namespace quern {
namespace {

// Bytes of equal significance side by side, as H5Z_FILTER_SHUFFLE puts them.
std::string shuffled(const std::string& bytes, std::size_t width) {
  const std::size_t rows = bytes.size() / width;
  std::string out(bytes.size(), '\0');
  for (std::size_t byte = 0; byte < width; ++byte) {
    for (std::size_t row = 0; row < rows; ++row) out[byte * rows + row] = bytes[row * width + byte];
  }
  return out;
}

// The checksum of H5Z_FILTER_FLETCHER32: 16-bit words, high byte first.
std::uint32_t fletcher32(const std::string& bytes) {
  const auto word = [&](std::size_t at) { return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at])); };
  const auto fold = [](std::uint32_t sum) { return (sum & 0xffff) + (sum >> 16); };
  std::uint32_t a = 0, b = 0;
  std::size_t at = 0;
  for (std::size_t left = bytes.size() / 2; left > 0;) {
    const std::size_t run = std::min<std::size_t>(left, 360);   // no overflow of the sums within
    left -= run;
    for (std::size_t i = 0; i < run; ++i, at += 2) {
      a += word(at) << 8 | word(at + 1);
      b += a;
    }
    a = fold(a);
    b = fold(b);
  }
  if (bytes.size() % 2 == 1) {
    a = fold(a + (word(at) << 8));
    b = fold(b + a);
  }
  return fold(b) << 16 | fold(a);
}

}  // namespace

std::string packed_chunk(const std::string& bytes, std::size_t width) {
  const std::string input = width > 1 ? shuffled(bytes, width) : bytes;
  uLongf size = compressBound(static_cast<uLong>(input.size()));
  std::string out(size, '\0');
  if (compress2(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(input.data()), static_cast<uLong>(input.size()), 1) != Z_OK) {
    throw std::bad_alloc();   // the only way in which it fails with room for the bound
  }
  out.resize(size);
  const std::uint32_t sum = fletcher32(out);
  for (int byte = 0; byte < 4; ++byte) out.push_back(static_cast<char>(sum >> (8 * byte) & 0xff));
  return out;
}

}  // namespace quern
