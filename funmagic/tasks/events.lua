-- Appends an event to a task's stream and tells those who listen, in one step.
-- KEYS[1] stream, also the name of the channel; ARGV: cap, type, event, lifetime in seconds, whether it is the end.
-- Answers the event's id; the channel hears "id type event".

local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'type', ARGV[2], 'event', ARGV[3])
-- Otherwise only a new stream: an event that comes late must not keep an ended one for a day.
if ARGV[5] == '1' or redis.call('TTL', KEYS[1]) < 0 then
  redis.call('EXPIRE', KEYS[1], ARGV[4])
end
redis.call('PUBLISH', KEYS[1], id .. ' ' .. ARGV[2] .. ' ' .. ARGV[3])
return id
