-- id: SM-G11
-- title: Alarm or budget removed by somebody new
-- meaning: An alarm was deleted or made mute, or a budget deleted, by somebody who never did that: costs rise
--   unseen.
-- severity: medium
-- attack: T1562.001
-- atlas: AML.T0034
-- window: first seen against the baseline
-- needs: management, baseline
-- look-alikes: finance and operators, in the baseline; infrastructure as code
WITH n AS (
  SELECT actor_key, ts, event_key
  FROM events
  WHERE ok = 1 AND invoked_by = ''
    AND ((event_source = 'monitoring.amazonaws.com' AND event_name IN ('DeleteAlarms', 'DisableAlarmActions'))
      OR (event_source = 'budgets.amazonaws.com' AND event_name IN ('DeleteBudget', 'DeleteNotification', 'DeleteBudgetAction'))
      OR (event_source = 'ce.amazonaws.com' AND event_name IN ('DeleteAnomalyMonitor', 'DeleteAnomalySubscription')))
), f AS (
  SELECT actor_key, MIN(ts) AS first_ts FROM n GROUP BY actor_key
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' ' || e.resource_name AS why,
       e.source_ip
FROM f
JOIN n ON n.actor_key = f.actor_key AND n.ts = f.first_ts
JOIN events e ON e.event_key = n.event_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split AND e.is_iac = 0
  AND e.ok = 1 AND e.event_source IN ('monitoring.amazonaws.com', 'budgets.amazonaws.com', 'ce.amazonaws.com')
