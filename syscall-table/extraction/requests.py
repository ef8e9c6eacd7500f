"""Which constants are ioctl requests."""

import re

# The headers that define requests as plain numbers, and the names of those requests.
PLAIN_REQUESTS = {
    "asm-generic/ioctls.h": r"(?!TIOCM_|TIOCPKT_|TIOCSER_)(?:TC|TIOC|FIO)\w+",
    "asm-generic/sockios.h": r"(?:SIOC|FIO)\w+",
    "linux/sockios.h": r"SIOC\w+",
    "linux/cdrom.h": r"CDROM(?!_)[A-Z_]+\w*|CDROM_(?:LAST_WRITTEN|NEXT_WRITABLE|SET_OPTIONS|CLEAR_OPTIONS|SELECT_SPEED|SELECT_DISC"
    r"|MEDIA_CHANGED|TIMED_MEDIA_CHANGE|DRIVE_STATUS|DISC_STATUS|CHANGER_NSLOTS|LOCKDOOR|DEBUG|GET_CAPABILITY|SEND_PACKET|GET_MCN)"
    r"|DVD_(?:READ_STRUCT|WRITE_STRUCT|AUTH)",
    "linux/fb.h": r"FBIO\w+",
    "linux/fs.h": r"BLK\w+|FI[A-Z]+",
    "linux/hdreg.h": r"HDIO_(?!DRIVE_\w+_SIZE)\w+",
    "linux/kd.h": r"(?:GIO_|PIO_|KD(?!_)|KI)\w+",
    "linux/loop.h": r"LOOP_(?!\w+_FLAGS)\w+",
    "linux/serial.h": r"TIOC\w+",
    "linux/vt.h": r"VT_(?!AUTO|PROCESS|ACKACQ)[A-Z]+",
    "linux/wireless.h": r"SIOC\w+",
}
# Requests that strace does not name: KVM's on other architectures, Xen's that only its own tools make, and other names of
# a request, among them those that it prints as MIXER_READ(number).
UNNAMED = re.compile(
    r"KVM_(?:S390|ARM|PPC|RISCV|MIPS|LOONGARCH)_\w+|IOCTL_(?:PRIVCMD|GNTALLOC)_\w+|SOUND_MIXER_(?:READ|WRITE)_\w+|__\w+"
    r"|DMA_BUF_SET_NAME|PPPIOCGIDLE|VIDIOC_SUBDEV_(?:[GS]_STD|ENUMSTD|QUERYSTD|[GS]_EDID|\w*DV_TIMINGS\w*)"
    r"|(?:BTRFS|EXFAT|EXT4|F2FS)_IOC_SHUTDOWN|SNDCTL_TMR_(?:START|STOP|CONTINUE)"
)
# Requests whose argument is laid out otherwise for 32-bit programs, and the name that the kernel and strace give the number of
# that layout. Those in the second table exist for i386 programs alone.
COMPAT = {
    **{f"FS_IOC_{n}": f"FS_IOC32_{n}" for n in ("GETFLAGS", "SETFLAGS", "GETVERSION", "SETVERSION")},
    **{f"USBDEVFS_{n}": f"USBDEVFS_{n}32" for n in ("REAPURB", "REAPURBNDELAY", "CONTROL", "BULK", "IOCTL", "DISCSIGNAL")},
    "AUTOFS_IOC_SETTIMEOUT": "AUTOFS_IOC_SETTIMEOUT32",
    "I2OPASSTHRU": "I2OPASSTHRU32",
    "VIDIOC_OMAP3ISP_STAT_REQ": "VIDIOC_OMAP3ISP_STAT_REQ_TIME32",
}
COMPAT_I386 = {f"VIDIOC_{n}": f"VIDIOC_{n}_TIME32" for n in ("DQEVENT", "QUERYBUF", "QBUF", "DQBUF", "PREPARE_BUF")}
# Requests that strace names and no header here has: where they are defined, their first number and names; '-' is a gap.
ELSEWHERE = (
    ("include/scsi/scsi_ioctl.h", 0x5380, "SCSI_IOCTL_DOORLOCK SCSI_IOCTL_DOORUNLOCK"),
    ("include/scsi/scsi.h", 0x5382, "SCSI_IOCTL_GET_IDLUN - - SCSI_IOCTL_PROBE_HOST SCSI_IOCTL_GET_BUS_NUMBER SCSI_IOCTL_GET_PCI"),
    ("include/scsi/sg.h", 0x2201, "SG_SET_TIMEOUT SG_GET_TIMEOUT SG_EMULATED_HOST SG_SET_TRANSFORM SG_GET_TRANSFORM"),
    ("include/scsi/sg.h", 0x2270, "SG_GET_COMMAND_Q SG_SET_COMMAND_Q SG_GET_RESERVED_SIZE - - SG_SET_RESERVED_SIZE SG_GET_SCSI_ID"),
    ("include/scsi/sg.h", 0x2279, "SG_SET_FORCE_LOW_DMA SG_GET_LOW_DMA SG_SET_FORCE_PACK_ID SG_GET_PACK_ID SG_GET_NUM_WAITING "
     "SG_SET_DEBUG SG_GET_SG_TABLESIZE - - SG_GET_VERSION_NUM SG_NEXT_CMD_LEN SG_SCSI_RESET SG_IO SG_GET_REQUEST_TABLE "
     "SG_SET_KEEP_ORPHAN SG_GET_KEEP_ORPHAN SG_GET_ACCESS_COUNT"),
    ("include/linux/vmw_vmci_defs.h", 0x79f, "IOCTL_VMCI_VERSION IOCTL_VMCI_INIT_CONTEXT - - - IOCTL_VMCI_QUEUEPAIR_SETVA "
     "IOCTL_VMCI_NOTIFY_RESOURCE IOCTL_VMCI_NOTIFICATIONS_RECEIVE IOCTL_VMCI_VERSION2 IOCTL_VMCI_QUEUEPAIR_ALLOC "
     "IOCTL_VMCI_QUEUEPAIR_SETPAGEFILE IOCTL_VMCI_QUEUEPAIR_DETACH IOCTL_VMCI_DATAGRAM_SEND IOCTL_VMCI_DATAGRAM_RECEIVE - - "
     "IOCTL_VMCI_CTX_ADD_NOTIFICATION IOCTL_VMCI_CTX_REMOVE_NOTIFICATION IOCTL_VMCI_CTX_GET_CPT_STATE "
     "IOCTL_VMCI_CTX_SET_CPT_STATE IOCTL_VMCI_GET_CONTEXT_ID IOCTL_VMCI_SOCKETS_VERSION - - - "
     "IOCTL_VMCI_SOCKETS_GET_AF_VALUE IOCTL_VMCI_SOCKETS_GET_LOCAL_CID"),
    ("kernel/seccomp.c", 0x80082102, "SECCOMP_IOCTL_NOTIF_ID_VALID_WRONG_DIR"),
    ("include/linux/vmw_vmci_defs.h", 0x7cb, "IOCTL_VMCI_SET_NOTIFY"),
    ("OpenZFS sys/fs/zfs.h", 0x5A00, "ZFS_IOC_POOL_CREATE ZFS_IOC_POOL_DESTROY ZFS_IOC_POOL_IMPORT ZFS_IOC_POOL_EXPORT "
     "ZFS_IOC_POOL_CONFIGS ZFS_IOC_POOL_STATS ZFS_IOC_POOL_TRYIMPORT ZFS_IOC_POOL_SCAN ZFS_IOC_POOL_FREEZE ZFS_IOC_POOL_UPGRADE "
     "ZFS_IOC_POOL_GET_HISTORY ZFS_IOC_VDEV_ADD ZFS_IOC_VDEV_REMOVE ZFS_IOC_VDEV_SET_STATE ZFS_IOC_VDEV_ATTACH "
     "ZFS_IOC_VDEV_DETACH ZFS_IOC_VDEV_SETPATH ZFS_IOC_VDEV_SETFRU ZFS_IOC_OBJSET_STATS ZFS_IOC_OBJSET_ZPLPROPS "
     "ZFS_IOC_DATASET_LIST_NEXT ZFS_IOC_SNAPSHOT_LIST_NEXT ZFS_IOC_SET_PROP ZFS_IOC_CREATE ZFS_IOC_DESTROY ZFS_IOC_ROLLBACK "
     "ZFS_IOC_RENAME ZFS_IOC_RECV ZFS_IOC_SEND ZFS_IOC_INJECT_FAULT ZFS_IOC_CLEAR_FAULT ZFS_IOC_INJECT_LIST_NEXT "
     "ZFS_IOC_ERROR_LOG ZFS_IOC_CLEAR ZFS_IOC_PROMOTE ZFS_IOC_SNAPSHOT ZFS_IOC_DSOBJ_TO_DSNAME ZFS_IOC_OBJ_TO_PATH "
     "ZFS_IOC_POOL_SET_PROPS ZFS_IOC_POOL_GET_PROPS ZFS_IOC_SET_FSACL ZFS_IOC_GET_FSACL ZFS_IOC_SHARE ZFS_IOC_INHERIT_PROP "
     "ZFS_IOC_SMB_ACL ZFS_IOC_USERSPACE_ONE ZFS_IOC_USERSPACE_MANY ZFS_IOC_USERSPACE_UPGRADE ZFS_IOC_HOLD ZFS_IOC_RELEASE "
     "ZFS_IOC_GET_HOLDS ZFS_IOC_OBJSET_RECVD_PROPS ZFS_IOC_VDEV_SPLIT ZFS_IOC_NEXT_OBJ ZFS_IOC_DIFF ZFS_IOC_TMP_SNAPSHOT "
     "ZFS_IOC_OBJ_TO_STATS ZFS_IOC_SPACE_WRITTEN ZFS_IOC_SPACE_SNAPS ZFS_IOC_DESTROY_SNAPS ZFS_IOC_POOL_REGUID "
     "ZFS_IOC_POOL_REOPEN ZFS_IOC_SEND_PROGRESS ZFS_IOC_LOG_HISTORY ZFS_IOC_SEND_NEW ZFS_IOC_SEND_SPACE ZFS_IOC_CLONE "
     "ZFS_IOC_BOOKMARK ZFS_IOC_GET_BOOKMARKS ZFS_IOC_DESTROY_BOOKMARKS ZFS_IOC_RECV_NEW ZFS_IOC_POOL_SYNC "
     "ZFS_IOC_CHANNEL_PROGRAM ZFS_IOC_LOAD_KEY ZFS_IOC_UNLOAD_KEY ZFS_IOC_CHANGE_KEY ZFS_IOC_REMAP ZFS_IOC_POOL_CHECKPOINT "
     "ZFS_IOC_POOL_DISCARD_CHECKPOINT ZFS_IOC_POOL_INITIALIZE ZFS_IOC_POOL_TRIM ZFS_IOC_REDACT ZFS_IOC_GET_BOOKMARK_PROPS "
     "ZFS_IOC_WAIT ZFS_IOC_WAIT_FS ZFS_IOC_VDEV_GET_PROPS ZFS_IOC_VDEV_SET_PROPS"),
    ("OpenZFS sys/fs/zfs.h", 0x5A81, "ZFS_IOC_EVENTS_NEXT ZFS_IOC_EVENTS_CLEAR ZFS_IOC_EVENTS_SEEK ZFS_IOC_NEXTBOOT ZFS_IOC_JAIL "
     "ZFS_IOC_UNJAIL ZFS_IOC_SET_BOOTENV ZFS_IOC_GET_BOOTENV"),
)  # fmt: skip

BUILDERS = {"_IO", "_IOR", "_IOW", "_IOWR", "_IOC", "_IOR_BAD", "_IOW_BAD", "_IOWR_BAD"}


def builds_request(body, reading, seen=()):
    """Whether a macro's body makes a request number: _IO(…), a macro around it, or another request's name."""
    body = re.sub(r"\b_IOC_(?:NR|TYPE|SIZE|DIR)\s*\([^()]*\)", "", body)
    for callee in re.findall(r"\b(\w+)\s*\(", body):
        callee = reading.every.get(callee, callee)
        if callee in BUILDERS:
            return True
        if callee in reading.functions and callee not in seen and builds_request(reading.functions[callee], reading, (*seen, callee)):
            return True
    return False


def is_request(header, name, reading):
    if UNNAMED.fullmatch(name):
        return False
    body = reading.macros.get(name) or reading.enumerators.get(name, "")
    # The second name of a request (TIOCINQ is FIONREAD) and a choice of two (SIOCGSTAMP) are none to strace.
    if re.fullmatch(r"[\s(]*[A-Za-z_]\w*[\s)]*", body) or "?" in body:
        return False
    return builds_request(body, reading) or bool(header in PLAIN_REQUESTS and re.fullmatch(PLAIN_REQUESTS[header], name))


def elsewhere():
    """Number, name and source of the requests in ELSEWHERE."""
    for source, first, names in ELSEWHERE:
        for number, name in enumerate(names.split(), first):
            if name != "-":
                yield number, name, source


def with_compat(rows):
    """The rows (numbers by ABI, name) -> header, with the numbers of 32-bit layouts under the names for those."""
    out = {}
    for (*numbers, name), header in rows.items():
        other = COMPAT.get(name) or COMPAT_I386.get(name)
        if other:
            small = numbers[1]
            numbers = [None if n == small else n for n in numbers]
            out[(small if name in COMPAT else None, small, small if name in COMPAT else None, other)] = header
        out[(*numbers, name)] = header
    return out


def with_mixer(rows):
    """The rows, and those of requests that are MIXER_READ(number) or MIXER_WRITE(number), too: all numbers of type 'M' are."""
    out = dict(rows)
    for *numbers, _ in rows:
        for direction, macro in ((1, "MIXER_WRITE"), (2, "MIXER_READ")):
            mine = [n if n is not None and n >> 30 == direction and n >> 8 & 0xFF == ord("M") else None for n in numbers]
            number = next((n & 0xFF for n in mine if n is not None), None)
            if number is not None:
                out[(*mine, f"{macro}({number})")] = "linux/soundcard.h"
    return out
