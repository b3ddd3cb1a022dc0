
# Looks up the permission set $1 with credentials for Identity Center.
find_permission_set() {
  instance=$(aws sso-admin list-instances --output text --query 'Instances[0].InstanceArn')
  permission_set=
  for candidate in $(aws sso-admin list-permission-sets --instance-arn "$instance" \
    --output text --query PermissionSets); do
    name=$(aws sso-admin describe-permission-set --instance-arn "$instance" \
      --permission-set-arn "$candidate" --output text --query PermissionSet.Name)
    if [ "$name" = "$1" ]; then permission_set=$candidate; fi
  done
  [ -n "$permission_set" ] || stop "no permission set is called $1"
}

# Calls the operation $1 of Identity Center for the permission set.
on_set() {
  operation=$1
  shift
  aws sso-admin "$operation" --instance-arn "$instance" --permission-set-arn "$permission_set" "$@"
}

# Saves the inline policy in the file $1, unless an earlier run has.
save_inline_policy() {
  if [ -e "$1" ]; then return 0; fi
  saved=$(on_set get-inline-policy-for-permission-set --output text --query InlinePolicy)
  printf '%s' "$saved" >"$1"
}

put_inline_policy() { on_set put-inline-policy-to-permission-set --inline-policy "$1"; }
delete_inline_policy() { settle on_set delete-inline-policy-from-permission-set; }

restore_inline_policy() {
  [ -e "$1" ] || stop "the file $1 is missing: the apply script saves the inline policy in it"
  saved=$(cat "$1")
  case $saved in
    '' | None) delete_inline_policy ;;
    *) put_inline_policy "$saved" ;;
  esac
}

# Runs a command; it is no failure when what it wants is so already.
settle() {
  if "$@" 2>"$errors"; then return 0; fi
  if grep -q -e ResourceNotFoundException -e ConflictException "$errors"; then return 0; fi
  cat "$errors" >&2
  return 1
}

detach_aws_managed() { settle on_set detach-managed-policy-from-permission-set --managed-policy-arn "$1"; }
attach_aws_managed() { settle on_set attach-managed-policy-to-permission-set --managed-policy-arn "$1"; }

detach_customer_managed() {
  settle on_set detach-customer-managed-policy-reference-from-permission-set \
    --customer-managed-policy-reference "Name=$1,Path=$2"
}

attach_customer_managed() {
  settle on_set attach-customer-managed-policy-reference-to-permission-set \
    --customer-managed-policy-reference "Name=$1,Path=$2"
}

provision() { on_set provision-permission-set --target-type ALL_PROVISIONED_ACCOUNTS >/dev/null; }
