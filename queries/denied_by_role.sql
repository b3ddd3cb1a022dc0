-- id: RR-01
-- title: What each role was refused
-- meaning: A call that is refused again and again is either a missing permission or somebody who tries doors.
--   One row for each principal, call and error, with the last event.
-- severity: info
-- attack: T1526
-- atlas: -
-- window: the whole window
-- needs: management
-- look-alikes: a deployment that retries, a tool that asks for more than it needs: the count and the dates tell
WITH n AS (
  SELECT principal_key, event_source, event_name, error_code, COUNT(*) AS refused, MAX(event_key) AS event_key
  FROM events
  WHERE denied = 1
  GROUP BY principal_key, event_source, event_name, error_code
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'refused: ' || n.event_source || ' ' || n.event_name || ', ' || n.error_code AS why,
       n.refused
FROM n
JOIN events e ON e.event_key = n.event_key
