/* Requests of the device mapper, with lists of each kind behind their headers. Nothing answers them: the descriptor is none. */
#include <linux/dm-ioctl.h>
#include <string.h>
#include <sys/ioctl.h>

static struct { struct dm_ioctl head; unsigned char data[512]; } request;

static void header(unsigned size) {
    memset(&request, 0, sizeof request);
    request.head.version[0] = 4;
    request.head.version[1] = 48;
    request.head.data_size = sizeof request.head + size;
    request.head.data_start = sizeof request.head;
    request.head.open_count = 1;
    request.head.event_nr = 5;
    request.head.dev = 0xfd01;
    strcpy(request.head.name, "volume");
}

static void target(struct dm_target_spec *spec, unsigned long start, const char *type, const char *text, unsigned next) {
    spec->sector_start = start;
    spec->length = 1024;
    spec->next = next;
    strcpy(spec->target_type, type);
    strcpy((char *)(spec + 1), text);
}

int main(void) {
    unsigned char *data = (unsigned char *)&request + sizeof request.head;
    unsigned *words = (unsigned *)data;
    header(0);
    ioctl(-1, DM_VERSION, &request);
    ioctl(-1, DM_DEV_SUSPEND, &request);
    request.head.flags = DM_SUSPEND_FLAG | DM_SKIP_LOCKFS_FLAG;
    ioctl(-1, DM_DEV_SUSPEND, &request);
    request.head.version[0] = 5;
    ioctl(-1, DM_DEV_CREATE, &request);
    header(0);
    request.head.data_size = 100;
    ioctl(-1, DM_DEV_CREATE, &request);
    header(128);
    request.head.target_count = 2;
    target((struct dm_target_spec *)data, 0, "linear", "/dev/sda 0", 64);
    target((struct dm_target_spec *)(data + 64), 1024, "striped", "2 128 /dev/sdb 0", 0);
    ioctl(-1, DM_TABLE_LOAD, &request);
    ioctl(-1, DM_TABLE_STATUS, &request);
    request.head.target_count = 3;
    ioctl(-1, DM_TABLE_LOAD, &request);
    header(24);
    words[0] = 2, words[2] = 0x800, words[4] = 0x801;
    ioctl(-1, DM_TABLE_DEPS, &request);
    header(64);
    words[0] = 0xfd00, words[2] = 32;
    strcpy((char *)data + 12, "root");
    words[6] = 7;
    words[8] = 0xfd01;
    strcpy((char *)data + 44, "swap");
    ioctl(-1, DM_LIST_DEVICES, &request);
    header(64);
    words[0] = 32, words[1] = 1, words[2] = 2, words[3] = 3;
    strcpy((char *)data + 16, "linear");
    words[9] = 1, words[10] = 5;
    strcpy((char *)data + 48, "striped");
    ioctl(-1, DM_LIST_VERSIONS, &request);
    header(32);
    words[0] = 9;
    strcpy((char *)data + 8, "message");
    ioctl(-1, DM_TARGET_MSG, &request);
    header(32);
    strcpy((char *)data, "new name");
    ioctl(-1, DM_DEV_RENAME, &request);
    return 0;
}
