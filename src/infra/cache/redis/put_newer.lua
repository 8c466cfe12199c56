-- KEYS[1] the key; ARGV[1] the value with its stamp, 8 bytes big-endian, in front; ARGV[2] its lifetime in milliseconds.
-- Stamps are compared as numbers: Lua compares strings by the locale of the server.
local there = redis.call('GETRANGE', KEYS[1], 0, 7)
if #there == 8 then
    local there_high, there_low = struct.unpack('>I4I4', there)
    local high, low = struct.unpack('>I4I4', ARGV[1])
    if there_high > high or (there_high == high and there_low > low) then
        return 0
    end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
