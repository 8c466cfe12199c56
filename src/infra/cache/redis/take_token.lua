-- The generic cell rate algorithm, as in src/runtime/token_bucket.rs, in microseconds.
-- KEYS[1] the bucket; ARGV[1] microseconds between two tokens; ARGV[2] tokens of a full bucket.
-- Answers whether there was a token, and when the bucket is full again or the next token comes, from now.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval = tonumber(ARGV[1])
local capacity = interval * ARGV[2]
local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now) + interval
local debt = full_at - now
if debt > capacity then
    return { 0, debt - capacity }
end
redis.call('SET', KEYS[1], string.format('%.0f', full_at), 'PX', math.ceil(debt / 1000))
return { 1, debt }
