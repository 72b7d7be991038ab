//! What to start as a worker, and how.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::side::{SIDE_MARKER, SideSlot};
use crate::worker_guard::WORKER_MARKER;

/// The running program, also when its file was replaced or deleted since it started.
const SELF_EXE: &str = "/proc/self/exe";

/// Which program a worker runs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Executable {
    /// The program that runs now. On Linux the very same file, even if its path leads to another one by now.
    Current,
    /// The program at this path. A relative path counts from the working directory of this process; a bare name is
    /// searched for in `PATH`.
    Path(PathBuf),
}

impl Executable {
    /// The path to run, and the one to show to people as the program's own name.
    fn resolve(&self) -> io::Result<(PathBuf, PathBuf)> {
        match self {
            Executable::Current => current(),
            Executable::Path(path) => {
                // The worker may get another working directory, which must not change what is started.
                let is_bare_name =
                    path.components().count() == 1 && path.file_name() == Some(path.as_os_str());
                let run = if is_bare_name {
                    path.clone()
                } else {
                    std::path::absolute(path)?
                };
                Ok((run, path.clone()))
            }
        }
    }
}

/// The same for as long as the process lives, so it is looked up once.
fn current() -> io::Result<(PathBuf, PathBuf)> {
    static CURRENT: OnceLock<(PathBuf, PathBuf)> = OnceLock::new();
    if let Some(known) = CURRENT.get() {
        return Ok(known.clone());
    }
    let shown = std::env::current_exe();
    let found = if Path::new(SELF_EXE).exists() {
        (SELF_EXE.into(), shown.unwrap_or_else(|_| SELF_EXE.into()))
    } else {
        shown.map(|path| (path.clone(), path))?
    };
    Ok(CURRENT.get_or_init(|| found).clone())
}

/// A worker process to be started.
///
/// Its standard input is one end of a socket pair, its output goes to `tracing`, and it leads a process group of its own.
///
/// ```
/// use actor_remote::process::{CommandSpec, Executable};
///
/// let spec = CommandSpec::new("resizer", Executable::Current)
///     .arg("--quality=80")
///     .env_clear()
///     .env("PATH", "/usr/bin");
/// assert_eq!(spec.name(), "resizer");
/// ```
#[derive(Debug, Clone)]
pub struct CommandSpec {
    name: String,
    pub(super) executable: Executable,
    args: Vec<OsString>,
    env_clear: bool,
    envs: Vec<(OsString, OsString)>,
    pub(super) dir: Option<PathBuf>,
    pub(super) allow_nested: bool,
    pub(super) side: Option<SideSlot>,
}

impl CommandSpec {
    /// A worker without arguments and with the environment of this process. The name is for logs and reports.
    pub fn new(name: impl Into<String>, executable: Executable) -> Self {
        Self {
            name: name.into(),
            executable,
            args: Vec::new(),
            env_clear: false,
            envs: Vec::new(),
            dir: None,
            allow_nested: false,
            side: None,
        }
    }

    /// Name for logs and reports.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Adds an argument. Arguments can be read by every user of the machine: pass no secrets.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets a variable in the worker's environment, also in one that is cleared.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.envs.push((name.into(), value.into()));
        self
    }

    /// Starts the worker with none of the variables of this process.
    #[must_use]
    pub fn env_clear(mut self) -> Self {
        self.env_clear = true;
        self
    }

    /// Starts the worker in this working directory.
    #[must_use]
    pub fn current_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = Some(dir.into());
        self
    }

    /// Allows it to be started by a process that is a worker itself.
    ///
    /// Without it that is an error, because a program that forgets to ask whether it is a worker would start itself
    /// without end.
    #[must_use]
    pub fn allow_nested(mut self) -> Self {
        self.allow_nested = true;
        self
    }

    /// Gives the worker a second connection; this side's end is put into `slot` at the start.
    #[must_use]
    pub fn side_channel(mut self, slot: SideSlot) -> Self {
        self.side = Some(slot);
        self
    }

    /// The command, and the path of its program for errors.
    pub(super) fn command(&self, stdin: Stdio) -> io::Result<(Command, PathBuf)> {
        let (program, shown) = self.executable.resolve()?;
        let mut command = Command::new(&program);
        command.arg0(&shown).args(&self.args);
        if self.env_clear {
            command.env_clear();
        }
        for (name, value) in &self.envs {
            command.env(name, value);
        }
        // Last, so that nothing above can take the guard against endless nesting away.
        command.env(WORKER_MARKER, std::process::id().to_string());
        // Removed otherwise: a worker that starts workers of its own has inherited it.
        match self.side {
            Some(_) => command.env(SIDE_MARKER, "1"),
            None => command.env_remove(SIDE_MARKER),
        };
        if let Some(dir) = &self.dir {
            command.current_dir(dir);
        }
        command
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        Ok((command, shown))
    }
}
