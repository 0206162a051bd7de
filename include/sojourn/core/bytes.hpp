// Values as bytes and back. Little endian, lengths before contents, under a header that says what follows and which version wrote it:
// "sojourn:", what it is (4 bytes), version (4), length of what follows (8); the contents; a checksum (8) over all before it.
// What is read is checked: bytes of another kind or version, cut short or changed are refused, and no length is believed that the bytes that are
// left could not hold. Equal values give equal bytes, on every machine. O(bytes).
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "sojourn/core/buffer.hpp"
#include "sojourn/core/error.hpp"
#include "sojourn/core/exact_sum.hpp"
#include "sojourn/core/stable_hash.hpp"

namespace sojourn {

inline constexpr std::uint32_t bytes_version = 1;

/// What bytes are of.
enum class BytesOf : std::uint32_t { log = 1, table = 2, graph = 3, surge_watch = 4 };

namespace bytes_detail {

inline constexpr std::string_view magic = "sojourn:";
inline constexpr std::size_t header_size = 24, checksum_size = 8;

inline std::string words(std::uint32_t what) {
  static constexpr const char* names[] = {"something else", "a log", "a table", "a graph", "a surge watch"};
  return names[what < 5 ? what : 0];
}

template <class T>
concept Number = std::is_arithmetic_v<T> && (std::is_integral_v<T> || sizeof(T) == 8);

/// A number in the order of bytes that it is written in.
template <Number T>
T in_order(T x) {
  if constexpr (std::endian::native == std::endian::big) {
    char bytes[sizeof(T)];
    std::memcpy(bytes, &x, sizeof(T));
    std::reverse(bytes, bytes + sizeof(T));
    std::memcpy(&x, bytes, sizeof(T));
  }
  return x;
}

template <Number T>
T load(const char* from) {
  T x;
  std::memcpy(&x, from, sizeof(T));
  return in_order(x);
}

/// Eight bytes at a time, each step a bijection: no change within one word goes unseen.
inline std::uint64_t checksum(std::string_view bytes) {
  std::uint64_t h = mix_bits(bytes.size());
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) h = mix_bits(h ^ load<std::uint64_t>(bytes.data() + i));
  for (; i < bytes.size(); ++i) h = mix_bits(h ^ static_cast<unsigned char>(bytes[i]));
  return h;
}

}  // namespace bytes_detail

class ByteWriter {
 public:
  explicit ByteWriter(BytesOf what) : bytes_(bytes_detail::magic) {
    put(static_cast<std::uint32_t>(what));
    put(bytes_version);
    put(std::uint64_t{0});  // the length, once it is known
  }

  template <bytes_detail::Number T>
  void put(T x) {
    x = bytes_detail::in_order(x);
    char raw[sizeof(T)];
    std::memcpy(raw, &x, sizeof(T));
    bytes_.append(raw, sizeof(T));
  }
  void put(Int128 x) {
    put(static_cast<std::uint64_t>(x));
    put(static_cast<std::int64_t>(x >> 64));
  }
  void put(std::string_view text) {
    put(static_cast<std::uint64_t>(text.size()));
    bytes_ += text;
  }
  void put(const std::string& text) { put(std::string_view{text}); }
  void put(const char*) = delete;
  /// How many there are, then each one.
  template <class Values>
  void put_all(const Values& values) {
    using T = std::decay_t<decltype(*values.begin())>;
    put(static_cast<std::uint64_t>(values.size()));
    if constexpr (bytes_detail::Number<T> && std::endian::native == std::endian::little) {
      if (values.size() != 0) bytes_.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
    } else {
      for (const T& value : values) put(value);
    }
  }

  /// All that was put, under its header.
  [[nodiscard]] std::string finish() && {
    const std::uint64_t length = bytes_detail::in_order(static_cast<std::uint64_t>(bytes_.size() - bytes_detail::header_size));
    std::memcpy(bytes_.data() + bytes_detail::header_size - 8, &length, 8);
    put(bytes_detail::checksum(bytes_));
    return std::move(bytes_);
  }

 private:
  std::string bytes_;
};

/// Reads what a ByteWriter wrote, in the same order. The bytes must outlive it.
class ByteReader {
 public:
  /// @throws InvalidInput for bytes of something else, another version, or bytes that are not as they were written.
  ByteReader(std::string_view bytes, BytesOf what) : bytes_(bytes), what_(bytes_detail::words(static_cast<std::uint32_t>(what))) {
    using namespace bytes_detail;
    if (!bytes.starts_with(magic)) refuse(place(), "bytes that sojourn did not write", "those of " + what_);
    at_ = magic.size();
    if (bytes.size() < header_size + checksum_size) fail("bytes cut short", "a header and a checksum");
    const auto kind = get<std::uint32_t>();
    const auto version = get<std::uint32_t>();
    const auto length = get<std::uint64_t>();
    if (version != bytes_version)
      fail("version " + std::to_string(version), "version " + std::to_string(bytes_version) + ", which this sojourn reads");
    if (kind != static_cast<std::uint32_t>(what)) fail(words(kind), what_);
    const std::size_t held = bytes.size() - header_size - checksum_size;
    if (length != held) fail(std::to_string(held) + " bytes", std::to_string(length) + " (cut short, or run together)");
    bytes_ = bytes.substr(0, bytes.size() - checksum_size);
    if (checksum(bytes_) != load<std::uint64_t>(bytes.data() + bytes_.size())) fail("bytes that were changed", "those that were written");
  }

  template <bytes_detail::Number T>
  [[nodiscard]] T get() {
    need(1, sizeof(T));
    const T x = bytes_detail::load<T>(bytes_.data() + at_);
    at_ += sizeof(T);
    return x;
  }
  [[nodiscard]] Int128 get_wide() {
    const auto low = get<std::uint64_t>();
    const auto high = get<std::int64_t>();
    return (static_cast<Int128>(high) << 64) | static_cast<Int128>(low);
  }
  [[nodiscard]] bool get_bool() {
    const auto x = get<std::uint8_t>();
    require(x <= 1, "a truth value");
    return x != 0;
  }
  [[nodiscard]] std::string get_string() {
    const std::size_t size = get_count(1);
    at_ += size;
    return std::string(bytes_.substr(at_ - size, size));
  }
  /// How many values follow, of at least that many bytes each.
  [[nodiscard]] std::size_t get_count(std::size_t bytes_each) {
    const auto count = get<std::uint64_t>();
    need(count, bytes_each);
    return static_cast<std::size_t>(count);
  }
  template <bytes_detail::Number T>
  [[nodiscard]] std::vector<T> get_vector() {
    std::vector<T> out(get_count(sizeof(T)));
    fill(out.data(), out.size());
    return out;
  }
  template <bytes_detail::Number T>
  [[nodiscard]] Buffer<T> get_buffer() {
    Buffer<T> out(get_count(sizeof(T)));
    fill(out.data(), out.size());
    return out;
  }

  /// @throws InvalidInput if it does not hold. @param expected in words, what should be there.
  void require(bool holds, const char* expected) const {
    if (!holds) fail("damaged contents", expected);
  }
  /// @throws InvalidInput if something is left.
  void finish() const { require(at_ == bytes_.size(), "nothing more"); }

 private:
  [[nodiscard]] std::string place() const { return "bytes of " + what_; }
  [[noreturn]] void fail(const std::string& found, const std::string& expected) const { refuse(place(), found, expected); }
  void need(std::uint64_t count, std::size_t bytes_each) const { require(count <= (bytes_.size() - at_) / bytes_each, "more bytes"); }

  template <class T>
  void fill(T* to, std::size_t count) {
    if (count == 0) return;
    std::memcpy(to, bytes_.data() + at_, count * sizeof(T));
    at_ += count * sizeof(T);
    if constexpr (std::endian::native == std::endian::big)
      for (std::size_t i = 0; i < count; ++i) to[i] = bytes_detail::in_order(to[i]);
  }

  std::string_view bytes_;
  std::string what_;
  std::size_t at_ = 0;
};

}  // namespace sojourn
