// A large array without initialisation, on huge pages where the system offers them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace sojourn {

/// Owns `size` elements of a trivial type, uninitialised. std::vector would write every page once more, which for columns of
/// tens of millions of rows costs as much as the work itself.
template <class T>
class Buffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Buffer() = default;
  explicit Buffer(std::size_t size) : size_(size) {
    if (size == 0) return;
    const std::align_val_t align{alignment(size)};
    data_ = Owner{static_cast<T*>(::operator new(size * sizeof(T), align)), Free{align}};
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    if (size * sizeof(T) >= huge) madvise(data_.get(), size * sizeof(T) / huge * huge, MADV_HUGEPAGE);
#endif
  }
  Buffer(Buffer&& other) noexcept : data_(std::move(other.data_)), size_(std::exchange(other.size_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    data_ = std::move(other.data_);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

  [[nodiscard]] T* data() { return data_.get(); }
  [[nodiscard]] const T* data() const { return data_.get(); }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  T& operator[](std::size_t i) { return data_.get()[i]; }
  const T& operator[](std::size_t i) const { return data_.get()[i]; }
  operator std::span<const T>() const { return {data_.get(), size_}; }
  T* begin() { return data(); }
  T* end() { return data() + size_; }
  const T* begin() const { return data(); }
  const T* end() const { return data() + size_; }

 private:
  static constexpr std::size_t huge = std::size_t{2} << 20;
  static std::size_t alignment(std::size_t size) { return size * sizeof(T) >= huge ? huge : 64; }

  struct Free {
    std::align_val_t align{64};
    void operator()(T* p) const { ::operator delete(p, align); }
  };
  using Owner = std::unique_ptr<T, Free>;

  Owner data_;
  std::size_t size_ = 0;
};

}  // namespace sojourn
