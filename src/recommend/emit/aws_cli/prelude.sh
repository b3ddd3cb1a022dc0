set -euf
AWS_PAGER=''
export AWS_PAGER
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT

say() { printf '%s\n' "$*"; }
stop() {
  printf 'stopped: %s\n' "$*" >&2
  exit 1
}

# Runs a command that asks; prints `gone` when what it asks for does not exist.
ask() {
  if "$@" 2>"$errors"; then return 0; fi
  if grep -q NoSuchEntity "$errors"; then
    printf 'gone\n'
    return 0
  fi
  cat "$errors" >&2
  return 1
}

need_account() {
  account=$(aws sts get-caller-identity --output text --query Account)
  [ "$account" = "$1" ] || stop "these credentials are for account $account, not for $1"
}

# A query: is the document $1 the new one, the old one, or another? Compares JSON, not text.
which_policy() {
  if [ -n "$new" ]; then printf '%s == `%s` && `"new"` || ' "$1" "$new"; fi
  if [ -n "$old" ]; then printf '%s == `%s` && `"old"` || ' "$1" "$old"; fi
  printf '`"another"`'
}

# The state of the inline policy $3 of the $1 $2.
inline_state() {
  ask aws iam "get-$1-policy" "--$1-name" "$2" --policy-name "$3" \
    --output text --query "$(which_policy PolicyDocument)"
}

default_version() { ask aws iam get-policy --policy-arn "$1" --output text --query Policy.DefaultVersionId; }

# The state of version $2 of the policy $1.
version_state() {
  ask aws iam get-policy-version --policy-arn "$1" --version-id "$2" \
    --output text --query "$(which_policy PolicyVersion.Document)"
}

# The state of the default version of the policy $1.
managed_state() {
  default=$(default_version "$1") || return 1
  if [ "$default" = gone ]; then say gone; else version_state "$1" "$default"; fi
}

need_version() {
  default=$(default_version "$1")
  [ "$default" = "$2" ] || stop "$1 is at version $default, the snapshot has $2: take a new snapshot"
}

# Is the policy $3 attached to the $1 $2? yes or no.
attached() {
  arns=$(ask aws iam "list-attached-$1-policies" "--$1-name" "$2" \
    --output text --query 'AttachedPolicies[].PolicyArn') || return 1
  if [ "$arns" = gone ]; then stop "there is no $1 $2"; fi
  for arn in $arns; do
    if [ "$arn" = "$3" ]; then
      say yes
      return 0
    fi
  done
  say no
}

# A managed policy has at most five versions: deletes the oldest that is not the default, and shows it.
make_room() {
  default=$(default_version "$1")
  versions=$(aws iam list-policy-versions --policy-arn "$1" --output text --query 'Versions[].VersionId')
  count=0
  oldest=
  for version in $versions; do
    if [ "$version" = "$default" ]; then continue; fi
    count=$((count + 1))
    number=${version#v}
    number=${number%%.*}
    if [ -z "$oldest" ] || [ "$number" -lt "$lowest" ]; then
      oldest=$version
      lowest=$number
    fi
  done
  if [ "$count" -lt 4 ]; then return 0; fi
  say "$1 has five versions: deleting $oldest, which was"
  aws iam get-policy-version --policy-arn "$1" --version-id "$oldest" \
    --output json --query PolicyVersion.Document
  aws iam delete-policy-version --policy-arn "$1" --version-id "$oldest"
}

# Deletes the policy $1 when it is the one that was created, and nobody else holds it.
delete_if_new() {
  state=$(managed_state "$1")
  case $state in
    gone) return 0 ;;
    new) ;;
    *)
      say "$1 was changed by somebody: not deleted"
      return 0
      ;;
  esac
  holders=$(aws iam get-policy --policy-arn "$1" --output text --query Policy.AttachmentCount)
  if [ "$holders" = 0 ]; then aws iam delete-policy --policy-arn "$1"; else say "$1 is in use: not deleted"; fi
}
