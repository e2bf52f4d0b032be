-- SHA-256 and HMAC of short texts, for scripts that stand after this one: `sha256(text)` in hexadecimal, and
-- `hmac_sha256(key)`, which gives such a function for one key.

local sha256, hmac_sha256 = (function()
local bit = require("bit")
local band, bnot, bxor, rshift, ror = bit.band, bit.bnot, bit.bxor, bit.rshift, bit.ror
local byte, char, rep = string.byte, string.char, string.rep
local WORDS = {
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
}
local schedule = {}

-- The eight words of SHA-256 (FIPS 180-4 §6.2) of a text.
local function digest(text)
  local length = #text
  local padded = text .. "\128" .. rep("\0", (55 - length) % 64) .. "\0\0\0\0"
    .. char(band(rshift(length * 8, 24), 255), band(rshift(length * 8, 16), 255), band(rshift(length * 8, 8), 255), band(length * 8, 255))
  local h = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 }
  for block = 1, #padded, 64 do
    for n = 0, 15 do
      local b1, b2, b3, b4 = byte(padded, block + 4 * n, block + 4 * n + 3)
      schedule[n + 1] = b1 * 16777216 + b2 * 65536 + b3 * 256 + b4
    end
    for n = 17, 64 do
      local x, y = schedule[n - 15], schedule[n - 2]
      local s0 = bxor(ror(x, 7), ror(x, 18), rshift(x, 3))
      local s1 = bxor(ror(y, 17), ror(y, 19), rshift(y, 10))
      schedule[n] = band(schedule[n - 16] + s0 + schedule[n - 7] + s1, 0xffffffff)
    end
    local a, b, c, d, e, f, g, k = h[1], h[2], h[3], h[4], h[5], h[6], h[7], h[8]
    for n = 1, 64 do
      local s1 = bxor(ror(e, 6), ror(e, 11), ror(e, 25))
      local one = band(k + s1 + bxor(band(e, f), band(bnot(e), g)) + WORDS[n] + schedule[n], 0xffffffff)
      local s0 = bxor(ror(a, 2), ror(a, 13), ror(a, 22))
      local two = band(s0 + bxor(band(a, b), band(a, c), band(b, c)), 0xffffffff)
      k, g, f, e, d, c, b, a = g, f, e, band(d + one, 0xffffffff), c, b, a, band(one + two, 0xffffffff)
    end
    h[1], h[2], h[3], h[4] = band(h[1] + a, 0xffffffff), band(h[2] + b, 0xffffffff), band(h[3] + c, 0xffffffff), band(h[4] + d, 0xffffffff)
    h[5], h[6], h[7], h[8] = band(h[5] + e, 0xffffffff), band(h[6] + f, 0xffffffff), band(h[7] + g, 0xffffffff), band(h[8] + k, 0xffffffff)
  end
  return h
end

local function hexadecimal(h)
  return bit.tohex(h[1]) .. bit.tohex(h[2]) .. bit.tohex(h[3]) .. bit.tohex(h[4]) .. bit.tohex(h[5]) .. bit.tohex(h[6])
    .. bit.tohex(h[7]) .. bit.tohex(h[8])
end

local function sha256(text) return hexadecimal(digest(text)) end

local function as_bytes(h)
  local parts = {}
  for n = 1, 8 do
    parts[n] = char(band(rshift(h[n], 24), 255), band(rshift(h[n], 16), 255), band(rshift(h[n], 8), 255), band(h[n], 255))
  end
  return table.concat(parts)
end

-- A key of at most 64 bytes, each combined with `with`.
local function padded_key(key, with)
  local parts = {}
  for n = 1, 64 do parts[n] = char(bxor(byte(key, n) or 0, with)) end
  return table.concat(parts)
end

-- HMAC-SHA-256 (RFC 2104 §2) with one key, as a function from a text to hexadecimal.
local function hmac_sha256(key)
  local inner, outer = padded_key(key, 0x36), padded_key(key, 0x5c)
  return function(text) return hexadecimal(digest(outer .. as_bytes(digest(inner .. text)))) end
end

return sha256, hmac_sha256
end)()
