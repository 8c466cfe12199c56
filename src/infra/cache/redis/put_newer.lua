-- KEYS[1] the key; ARGV[1] the value with its stamp, 8 bytes big-endian, in front; ARGV[2] its lifetime in milliseconds.
-- Stamps are not negative, so that they compare as their bytes do.
local there = redis.call('GETRANGE', KEYS[1], 0, 7)
if there > string.sub(ARGV[1], 1, 8) then
    return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
