-- id: SM-L08
-- title: Monitoring schedule runs new code
-- meaning: A monitoring schedule is made or changed to run an image that no schedule ran, or with a role that
--   none had: it comes back every hour like a cron job.
-- severity: medium
-- attack: T1053 T1546
-- atlas: AML.T0050
-- window: first seen against the baseline, for the account
-- needs: management, baseline
-- look-alikes: images of the account that schedules run in the baseline; images of AWS; infrastructure as code
WITH n AS (
  SELECT a.recipient_account, r.kind, r.norm, a.ts, a.event_key
  FROM events a
  JOIN refs r ON r.event_key = a.event_key
  WHERE a.event_source = 'sagemaker.amazonaws.com' AND a.event_name IN ('CreateMonitoringSchedule', 'UpdateMonitoringSchedule') AND a.ok = 1
    AND ((r.kind = 'passed_role') OR (r.kind = 'image' AND r.norm NOT LIKE '%/sagemaker-model-monitor-analyzer' AND r.norm NOT LIKE '%/sagemaker-clarify-processing'))
), f AS (
  SELECT recipient_account, kind, norm, MIN(ts) AS first_ts FROM n GROUP BY recipient_account, kind, norm
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'the schedule ' || e.resource_name || ' has the new ' || CASE WHEN n.kind = 'image' THEN 'image ' ELSE 'role ' END || n.norm AS why,
       n.norm AS value, e.source_ip
FROM f
JOIN n ON n.recipient_account = f.recipient_account AND n.kind = f.kind AND n.norm = f.norm AND n.ts = f.first_ts
JOIN events e ON e.event_key = n.event_key
CROSS JOIN params p
WHERE p.has_baseline = 1 AND f.first_ts >= p.split AND e.is_iac = 0
  AND e.event_source = 'sagemaker.amazonaws.com' AND e.event_name IN ('CreateMonitoringSchedule', 'UpdateMonitoringSchedule') AND e.ok = 1
