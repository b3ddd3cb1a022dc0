-- id: SM-P09
-- title: Suspicious code in the arguments of a job
-- meaning: Entry point or arguments of a container hold two signs of misuse or one strong one: credentials of
--   the container, a shell to the outside, a download that is run.
-- severity: high
-- attack: T1059.009 T1552.005
-- atlas: AML.T0050 AML.T0072
-- window: any
-- needs: management
-- look-alikes: entry points with bash -c alone are common: one weak sign does not count
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'arguments of ' || e.event_name || ' ' || e.resource_name || ' show' || REPLACE(e.script_flags, ',', ' ') AS why,
       e.script_flags
FROM events e
JOIN fields f ON f.event_key = e.event_key
WHERE e.event_source = 'sagemaker.amazonaws.com' AND e.event_name IN ('CreateTrainingJob', 'CreateProcessingJob', 'CreateHyperParameterTuningJob')
  AND (f.path LIKE '%containerEntrypoint[]' OR f.path LIKE '%containerArguments[]')
  AND f.value LIKE 'redacted:%'
  AND (e.script_flags LIKE '%,%,%,%' OR e.script_flags LIKE '%,container_credentials,%' OR e.script_flags LIKE '%,reverse_shell,%'
    OR e.script_flags LIKE '%,fetch_and_run,%' OR e.script_flags LIKE '%,exfiltration_host,%' OR e.script_flags LIKE '%,miner,%'
    OR e.script_flags LIKE '%,iam_change,%')
