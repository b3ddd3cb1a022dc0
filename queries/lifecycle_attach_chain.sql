-- id: SM-L01
-- title: Notebook stopped, given a lifecycle script, started
-- meaning: One principal stopped a notebook instance, attached a lifecycle configuration to it and started it
--   within an hour: the script runs as root with the notebook's role.
-- severity: high
-- attack: T1546
-- atlas: AML.T0050
-- window: 1 hour
-- needs: management
-- look-alikes: a planned roll-out by infrastructure as code, which is left out
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'gave ' || e.resource_name || ' the lifecycle configuration ' || e.lifecycle_config || ' and started it' AS why,
       e.lifecycle_config, s.event_id AS started_event_id
FROM events e
JOIN events s ON s.actor_key = e.actor_key AND s.resource_name = e.resource_name
WHERE e.event_name = 'UpdateNotebookInstance' AND e.ok = 1 AND e.is_iac = 0 AND e.lifecycle_config <> ''
  AND s.event_name = 'StartNotebookInstance' AND s.ok = 1 AND s.ts >= e.ts AND s.ts <= e.ts + 3600
